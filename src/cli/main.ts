#!/usr/bin/env node
// The `finetune` command: one file a command in commands/, what they share beside this file.
import { Command, CommanderError } from 'commander';
import { packageVersion } from '../temporal/defaults.js';
import { addChainCommand } from './commands/chain.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addGcCommand } from './commands/gc.js';
import { addPlanCommand } from './commands/plan.js';
import { addRollbackCommand } from './commands/rollback.js';
import { addRunCommand } from './commands/run.js';
import { addScheduleCommand } from './commands/schedule.js';
import { addServerCommand } from './commands/server.js';
import { addStartCommand } from './commands/start.js';
import { addSweepCommand } from './commands/sweep.js';
import { addResultCommand, addWatchCommand } from './commands/watch.js';
import { addWorkerCommand } from './commands/worker.js';
import { EXIT } from './follow.js';
import { jsonOutcome } from './output.js';

const program = new Command('finetune')
  .description('Fine-tunes text-embedding models for retrieval as a durable Temporal workflow.')
  .version(packageVersion())
  .showHelpAfterError('(--help lists what there is)')
  .exitOverride();
for (const add of [
  addRunCommand,
  addStartCommand,
  addSweepCommand,
  addChainCommand,
  addWorkerCommand,
  addServerCommand,
  addWatchCommand,
  addResultCommand,
  addScheduleCommand,
  addRollbackCommand,
  addPlanCommand,
  addGcCommand,
  addDoctorCommand,
]) {
  add(program);
}

// A reader that has seen enough (`| head`) ends the command as it ends any other: 128 + SIGPIPE.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(141);
  });
}

try {
  await program.parseAsync();
} catch (error) {
  // Commander has written its message; a caller that asked for an object still gets one.
  if (!(error instanceof CommanderError)) throw error;
  const failed = error.exitCode !== 0;
  if (failed && process.argv.includes('--json')) {
    const message = error.message.replace(/^error: /, '');
    console.log(JSON.stringify(jsonOutcome({ status: 'INVALID' }, undefined, { type: 'Usage', message })));
  }
  process.exitCode = failed ? EXIT.invalid : EXIT.completed;
}
