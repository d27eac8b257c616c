// Whether what a complete run made still lies where it was put, seen from a machine with the Worker's disk: a folder of that name may hold
// what another run published since.
import { existsSync } from 'node:fs';
import { sha256OfWeights } from '../sources/own-folder.js';
import type { ChainResult, SweepResult } from '../spec/comparison.js';
import type { FineTuneResult } from '../spec/publishing-stages.js';

type PublishedModel = FineTuneResult['model'];

/** True when the folder still holds the weights that were published there. */
export async function isPublished({ path, sha256 }: PublishedModel): Promise<boolean> {
  return (await sha256OfWeights(path)) === sha256;
}

/** True when the published model of a sweep, or the model of every step of a chain, still lies in its place, and the comparison as well. */
export async function areAllPublished(result: SweepResult | ChainResult): Promise<boolean> {
  if (!existsSync(result.report)) return false;
  for (const model of modelsOf(result)) if (!(await isPublished(model))) return false;
  return true;
}

function modelsOf(result: SweepResult | ChainResult): PublishedModel[] {
  return 'trials' in result ? [result.best.model] : result.steps.flatMap(({ model }) => (model ? [model] : []));
}
