// Wraps a command's function: makes its output, prints what it throws as one block, ends the process with its exit code. What Ctrl-C broke
// off before there was anything to tell is no failure.
import { errorBlock, errorFacts } from './errors.js';
import { EXIT } from './follow.js';
import { INTERRUPTED, jsonOutcome, Output } from './output.js';
import type { CommonOptionValues } from './options.js';

/** The action of a command with one argument; the function returns the exit code. */
export function action<Options extends CommonOptionValues>(
  work: (argument: string, options: Options, output: Output) => Promise<number>,
): (argument: string, options: Options) => Promise<void> {
  return async (argument, options) => {
    const output = new Output(options.json === true);
    const code = await work(argument, options, output).catch((error: unknown) => {
      if (isAbort(error)) {
        output.say('Stopped.');
        output.set(jsonOutcome({ status: 'INTERRUPTED' }, undefined, INTERRUPTED));
        return EXIT.interrupted;
      }
      output.say(errorBlock(error, { verbose: options.verbose === true }));
      output.set(jsonOutcome({ status: 'INVALID' }, undefined, errorFacts(error)));
      return isInvalid(error) ? EXIT.invalid : EXIT.failed;
    });
    await output.exit(code);
  };
}

/** The action of a command without an argument. */
export function plainAction<Options extends CommonOptionValues>(
  work: (options: Options, output: Output) => Promise<number>,
): (options: Options) => Promise<void> {
  const act = action<Options>((_argument, options, output) => work(options, output));
  return (options) => act('', options);
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

function isInvalid(error: unknown): boolean {
  return (
    error instanceof Error &&
    ['InvalidSpec', 'SourceNotFound', 'PathNotAllowed', 'SourceNotAllowed'].includes(error.name)
  );
}
