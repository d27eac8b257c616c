// `finetune plan SPEC`: what a run would train on, and what it would take; no training and no server.
import type { Command } from 'commander';
import { planLocally } from '../../training.js';
import { action } from '../action.js';
import { EXIT } from '../follow.js';
import type { Output } from '../output.js';
import { withCommon, withWork, workerSettings, type CommonOptionValues, type WorkOptionValues } from '../options.js';
import { planReport } from '../plan-report.js';
import { ProgressView } from '../progress-view.js';
import { onInterrupt } from '../signals.js';
import { readSpecFile } from '../spec-file.js';

type PlanOptions = WorkOptionValues & CommonOptionValues;

/** Adds the command. */
export function addPlanCommand(program: Command): void {
  const command = program
    .command('plan')
    .argument('<spec>', 'JSON file: model, dataset, prompts, training, evaluation, output')
    .description('show what a run would train on and what it would take; trains nothing');
  withCommon(withWork(command)).action(action(plan));
}

async function plan(specPath: string, options: PlanOptions, output: Output): Promise<number> {
  const spec = await readSpecFile(specPath);
  const view = new ProgressView({ stream: output.stream });
  const { signal } = onInterrupt();
  try {
    const made = await planLocally(spec, {
      ...workerSettings(options),
      signal,
      onProgress: (progress) => view.show({ stage: progress.stage, progress }),
    });
    view.stop({ finished: true });
    output.say(planReport(spec, made));
    const { lengths: _lengths, ...facts } = made;
    output.set(facts);
    return EXIT.completed;
  } finally {
    view.stop();
  }
}
