// `finetune doctor`: what is missing on this machine and how to get it.
import { resolve } from 'node:path';
import { Connection } from '@temporalio/client';
import { Option, type Command } from 'commander';
import colors from 'picocolors';
import { errorMessage } from '../../errors.js';
import { describeTarget, namedTarget } from '../../temporal/connection.js';
import { plainAction } from '../action.js';
import {
  checkHelper,
  checkMemory,
  checkNode,
  checkOnnxRuntime,
  checkPlatform,
  checkServerProgram,
  checkStore,
  type Check,
} from '../checks.js';
import { EXIT } from '../follow.js';
import { withCommon, type CommonOptionValues } from '../options.js';
import type { Output } from '../output.js';

interface DoctorOptions extends CommonOptionValues {
  store: string;
}

const MARKS = { ok: colors.green('✓'), note: colors.yellow('!'), missing: colors.red('✖') };

/** Adds the command. */
export function addDoctorCommand(program: Command): void {
  const command = program
    .command('doctor')
    .description('say what is missing on this machine and how to get it')
    .addOption(new Option('--store <dir>', 'folder of checkpoints and prepared data').default('.finetune'));
  withCommon(command).action(plainAction(doctor));
}

async function doctor({ store }: DoctorOptions, output: Output): Promise<number> {
  const checks: Check[] = [];
  const tell = (check: Check): void => {
    checks.push(check);
    const [first = '', ...rest] = check.detail.split('\n');
    output.say(`${MARKS[check.status]} ${colors.bold(check.name)}: ${first}`);
    for (const line of rest) output.say(`    ${colors.dim(line)}`);
    if (check.remedy !== undefined) output.say(`    ${check.remedy}`);
  };
  tell(checkNode());
  tell(checkPlatform());
  tell(await checkOnnxRuntime());
  const named = await checkNamedServer();
  if (named) tell(named);
  tell(await checkServerProgram({ onNotice: (message) => output.say(`  ${message}`) }));
  tell(await checkHelper('pip', ['python3', '-m', 'pip', '--version']));
  tell(await checkHelper('Go', ['go', 'version']));
  tell(await checkStore(resolve(store)));
  tell(checkMemory());
  const missing = checks.filter((check) => check.status === 'missing');
  output.say(missing.length === 0 ? 'All there.' : `Missing: ${missing.map((check) => check.name).join(', ')}`);
  output.set({ ok: missing.length === 0, checks });
  return missing.length === 0 ? EXIT.completed : EXIT.failed;
}

/** The server that the environment names answers. */
async function checkNamedServer(): Promise<Check | undefined> {
  const target = namedTarget({});
  if (!target) return undefined;
  const name = 'named server';
  try {
    const connection = await Connection.connect({ ...target.options, connectTimeout: '5 s' });
    await connection.close();
    return { name, status: 'ok', detail: `${describeTarget(target)} answers; \`run\` uses it` };
  } catch (error) {
    return {
      name,
      status: 'missing',
      detail: `${describeTarget(target)} does not answer: ${errorMessage(error)}`,
      remedy: 'Unset TEMPORAL_ADDRESS (and TEMPORAL_PROFILE) to use a server of this folder instead.',
    };
  }
}
