// `finetune run SPEC`: brings up server and Worker, starts (or joins, or finds) the run and waits for its end. The server stays up
// afterwards. Ctrl-C once lets the trainer save and stops the Worker; the same command then goes on from there.
import { existsSync } from 'node:fs';
import { hasSameInputs, startFineTune } from '../../temporal/client.js';
import { namedTarget, type ConnectionTarget } from '../../temporal/connection.js';
import { startServer } from '../../temporal/server.js';
import { defaultDbPath } from '../../temporal/server-state.js';
import { connectWorker, createFineTuneWorkers } from '../../temporal/worker.js';
import type { Command } from 'commander';
import { connectClient, converterOf } from '../connect.js';
import { EXIT, followRun, tellOutcome, uiPage } from '../follow.js';
import { callAs } from '../invocation.js';
import { jsonOutcome, type Output } from '../output.js';
import {
  withCommon,
  withConnection,
  withWork,
  workerSettings,
  type CommonOptionValues,
  type ConnectionOptionValues,
  type WorkOptionValues,
} from '../options.js';
import { readSpecFile } from '../spec-file.js';
import { onInterrupt } from '../signals.js';
import { installWorkerLog } from '../worker-log.js';
import { action } from '../action.js';

interface RunOptions extends ConnectionOptionValues, WorkOptionValues, CommonOptionValues {
  id?: string;
  db?: string;
}

/** Adds the command. */
export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .argument('<spec>', 'JSON file: model, dataset, training, evaluation, output')
    .description('fine-tune: server, Worker and run in one go; waits for the end')
    .option('--id <workflow-id>', "default: the output's name and the spec's hash")
    .option('--db <file>', 'history of the server that is started; default: .finetune/server/temporal.db');
  withCommon(withWork(withConnection(command))).action(action(run));
}

async function run(specPath: string, options: RunOptions, output: Output): Promise<number> {
  const { taskQueue, id, verbose, json } = options;
  const spec = await readSpecFile(specPath);
  const settings = workerSettings(options);
  const target = namedTarget(options) ?? (await ownServer(options, output));
  const client = await connectClient(target, output);
  await installWorkerLog({ verbose, folder: settings.store });
  const interrupt = onInterrupt();

  const connection = await connectWorker({ ...target.options, limitMs: 30_000, signal: interrupt.signal });
  const workers = await createFineTuneWorkers({
    ...settings,
    ...(await converterOf(target)),
    connection,
    namespace: target.namespace,
    taskQueue,
    shutdownGraceTimeMs: 3_000,
  });
  interrupt.signal.addEventListener('abort', () => {
    output.say('\nStopping: the trainer saves what it has (Ctrl-C again ends at once) …');
    workers.shutdown();
  });
  const working = workers.run();
  let code: number = EXIT.interrupted;
  try {
    const started = await startFineTune(client, spec, {
      workflowId: id,
      taskQueue,
      isCurrent: async (result, parsed) =>
        existsSync(result.model.path) && hasSameInputs(client, result, parsed, { taskQueue }),
    });
    const follow = { client, run: started, target, output, taskQueue, verbose, signal: interrupt.signal };
    output.say(headline(started.outcome, started.workflowId));
    output.say(`  ${uiPage(target, started) ?? `on ${target.address}`}`);
    // A Worker that fails ends the wait as well.
    const closed = await Promise.race([followRun(follow), working.then(() => false)]);
    if (closed) {
      code = await tellOutcome(follow);
    } else {
      const { workflowId, runId } = started;
      output.say(`The run ${workflowId} is kept: \`${callAs(`run ${specPath}`)}\` goes on where it was.`);
      output.set(jsonOutcome({ workflowId, runId, status: 'RUNNING' }, undefined, INTERRUPTED));
    }
  } finally {
    workers.shutdown();
    await working.catch(() => undefined);
    await connection.close().catch(() => undefined);
  }
  if (target.from === 'local server' && !json) {
    output.say(`\nThe server stays up for its pages (${target.uiUrl}); \`${callAs('server stop')}\` ends it.`);
  }
  return code;
}

const INTERRUPTED = { type: 'Interrupted', message: 'the command was stopped before the run was complete' };

async function ownServer({ db, namespace, dataConverter }: RunOptions, output: Output): Promise<ConnectionTarget> {
  const server = await startServer({
    dbPath: db ?? defaultDbPath(),
    ...(namespace !== undefined && { namespaces: [namespace] }),
    onNotice: (message) => output.say(message),
  });
  const verb = server.started ? 'Started' : 'Using';
  output.say(`${verb} the Temporal server ${server.address}, UI ${server.uiUrl}`);
  output.say(`  history in ${server.dbPath}, program ${server.program}`);
  return {
    address: server.address,
    namespace: namespace ?? 'default',
    from: 'local server',
    options: { address: server.address },
    uiUrl: server.uiUrl,
    ...(dataConverter !== undefined && { dataConverter }),
  };
}

function headline(outcome: 'started' | 'joined' | 'finished', workflowId: string): string {
  switch (outcome) {
    case 'started':
      return `Fine-tuning as ${workflowId}`;
    case 'joined':
      return `The run ${workflowId} is under way; going on with it`;
    case 'finished':
      return `The run ${workflowId} is complete and its inputs are unchanged: nothing to do`;
  }
}
