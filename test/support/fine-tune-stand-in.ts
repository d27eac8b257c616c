// A stand-in for the workflow `fineTune`: it returns at once, fails, or waits, as the output's name says. For tests of the client.
import { ApplicationFailure, condition, workflowInfo } from '@temporalio/workflow';

/** Runs of the stand-in tell themselves apart by `report`. */
export async function fineTune(spec: { output: { name?: string } }): Promise<unknown> {
  const name = spec.output.name ?? '';
  if (name.startsWith('failing')) throw ApplicationFailure.nonRetryable('it does not work', 'InvalidData');
  if (name.startsWith('waiting')) await condition(() => false);
  return { inputsSha256: 'the inputs', report: workflowInfo().runId };
}
