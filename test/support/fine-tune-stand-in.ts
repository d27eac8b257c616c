// Stand-ins for the workflows `fineTune`, `sweep` and `chain`. The first returns at once, fails, or waits, as the output's name says. For tests of the client.
import { ApplicationFailure, condition, workflowInfo } from '@temporalio/workflow';

/** Runs of the stand-in tell themselves apart by `report`. */
export async function fineTune(spec: { output: { name?: string } }): Promise<unknown> {
  const name = spec.output.name ?? '';
  if (name.startsWith('failing')) throw ApplicationFailure.nonRetryable('it does not work', 'InvalidData');
  if (name.startsWith('waiting')) await condition(() => false);
  return { inputsSha256: 'the inputs', report: workflowInfo().runId };
}

/** Of one model. */
export async function sweep(): Promise<unknown> {
  return { inputsSha256: ['the inputs'] };
}

/** Of as many steps as it is given. */
export async function chain({ steps }: { steps: unknown[] }): Promise<unknown> {
  return { inputsSha256: steps.map(() => 'the inputs') };
}
