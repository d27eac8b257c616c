// The verdict on each of several pairs of evaluations, for the comparison of several runs.
import type { ArtifactStore } from '../artifacts/store.js';
import type { CompareEvaluationsInput, CompareEvaluationsResult } from '../spec/comparison.js';
import { readDetails } from './details.js';
import { compareEvaluations } from './verdict.js';

/**
 * Compares each pair by the paired bootstrap over the test answers.
 *
 * @throws RangeError when a pair is not of the same questions; DamagedError when an evaluation is gone.
 */
export async function comparePairs(
  store: ArtifactStore,
  { pairs }: Pick<CompareEvaluationsInput, 'pairs'>,
): Promise<CompareEvaluationsResult> {
  const verdicts: CompareEvaluationsResult['verdicts'] = [];
  for (const { before, after } of pairs) {
    const compared = compareEvaluations(await readDetails(store, before), await readDetails(store, after));
    const { verdict, difference, interval } = compared;
    verdicts.push({ verdict, difference: rounded(difference), interval: [rounded(interval[0]), rounded(interval[1])] });
  }
  return { verdicts };
}

function rounded(value: number): number {
  return Number(value.toFixed(5));
}
