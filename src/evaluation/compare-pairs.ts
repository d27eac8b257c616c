// The verdict on each of several pairs of evaluations, for the comparison of several runs.
import type { StageContext } from '../artifacts/stage-context.js';
import type { CompareEvaluationsInput, CompareEvaluationsResult } from '../spec/comparison.js';
import { readDetails } from './details.js';
import { compareEvaluations } from './verdict.js';

/**
 * Compares each pair by the paired bootstrap over the test answers.
 *
 * @throws RangeError when a pair is not of the same questions; DamagedError when an evaluation is gone.
 */
export async function comparePairs(
  { pairs }: Pick<CompareEvaluationsInput, 'pairs'>,
  context: StageContext,
): Promise<CompareEvaluationsResult> {
  const verdicts: CompareEvaluationsResult['verdicts'] = [];
  for (const { before, after } of pairs) {
    const onProgress = (): void => {
      context.signal.throwIfAborted();
      const [done, total] = [verdicts.length, pairs.length];
      context.progress({ stage: 'evaluate', done, total, unit: 'steps', note: 'comparing evaluations, pair by pair' });
    };
    onProgress();
    const [old, now] = [await readDetails(context.store, before), await readDetails(context.store, after)];
    const compared = await compareEvaluations(old, now, { onProgress });
    const { verdict, difference, interval } = compared;
    verdicts.push({ verdict, difference: rounded(difference), interval: [rounded(interval[0]), rounded(interval[1])] });
  }
  return { verdicts };
}

function rounded(value: number): number {
  return Number(value.toFixed(5));
}
