// Is the tuned model better? A paired bootstrap (Efron and Tibshirani 1993; for retrieval: Sakai 2006) over the test answers:
// both models meet the same questions, and all questions of one answer are drawn together, because they succeed and fail together
// (which answer a question with several relevant documents belongs to, evaluate-retrieval.ts says).
// The interval is the plain percentile one; its draws come from a seeded generator, so a run always reaches the same verdict.
import { setImmediate } from 'node:timers/promises';
import { randomStream } from '../random.js';
import type { Verdict } from '../spec/evaluation-stages.js';
import type { EvaluationDetails } from './details.js';

/** With fewer answers not even a gain on every one of them is significant: 2 × 0.5⁵ > 5 %. */
const FEWEST_ANSWERS = 6;

/** Draws between two reports: up to a third of a second. */
const DRAWS_A_REPORT = 4e6;

/** Who hears of a comparison while it is made; 200,000 answers take over a minute. */
export interface VerdictContext {
  /** Called now and then with the resamples drawn so far. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** What {@link pairedBootstrap} takes: one entry a question, in the same order before and after. */
export interface BootstrapInput {
  before: ArrayLike<number>;
  after: ArrayLike<number>;
  /** Which answer a question belongs to; questions of equal number are drawn together. */
  clusters: ArrayLike<number>;
  /** Default 42. */
  seed?: number;
  /** Default 10,000. */
  resamples?: number;
}

/**
 * Mean difference (after − before) with its 95 % interval; `improved` when the whole interval lies above 0, `worse` when below,
 * else `unclear`. Also `unclear` with fewer than 6 answers.
 *
 * @throws RangeError when the lists differ in length or are empty
 */
export async function pairedBootstrap(
  { before, after, clusters, seed = 42, resamples = 10_000 }: BootstrapInput,
  { onProgress }: VerdictContext = {},
): Promise<Verdict> {
  const count = before.length;
  if (count === 0 || after.length !== count || clusters.length !== count) {
    throw new RangeError(
      `verdict: before, after and clusters need one entry a question, got ${count}, ${after.length} and ${clusters.length}`,
    );
  }
  const sums = new Map<number, { difference: number; questions: number }>();
  let total = 0;
  for (let i = 0; i < count; i++) {
    const cluster = sums.get(clusters[i]!) ?? { difference: 0, questions: 0 };
    cluster.difference += after[i]! - before[i]!;
    cluster.questions++;
    total += after[i]! - before[i]!;
    sums.set(clusters[i]!, cluster);
  }
  const answers = [...sums.values()];
  const differences = Float64Array.from(answers, (answer) => answer.difference);
  const questions = Float64Array.from(answers, (answer) => answer.questions);
  const random = randomStream(seed);
  const means = new Float64Array(resamples);
  const resamplesAReport = Math.ceil(DRAWS_A_REPORT / answers.length);
  for (let resample = 0; resample < resamples; resample++) {
    if (resample % resamplesAReport === 0 && resample > 0) {
      onProgress?.(resample, resamples);
      await setImmediate();
    }
    let difference = 0;
    let drawn = 0;
    for (let i = 0; i < answers.length; i++) {
      const answer = random.below(answers.length);
      difference += differences[answer]!;
      drawn += questions[answer]!;
    }
    means[resample] = difference / drawn;
  }
  means.sort();
  const interval: [number, number] = [quantile(means, 0.025), quantile(means, 0.975)];
  const decided = answers.length >= FEWEST_ANSWERS;
  return {
    verdict: decided && interval[0] > 0 ? 'improved' : decided && interval[1] < 0 ? 'worse' : 'unclear',
    metric: 'ndcg@10',
    difference: total / count,
    interval,
    resamples,
  };
}

/**
 * The verdict on two evaluations of the same questions.
 *
 * @throws RangeError when they are not of the same questions
 */
export async function compareEvaluations(
  before: EvaluationDetails,
  after: EvaluationDetails,
  context: VerdictContext = {},
): Promise<Verdict> {
  const order = (details: EvaluationDetails): string => details.queries.map(({ query }) => query).join();
  if (order(before) !== order(after)) {
    throw new RangeError(
      `verdict: the same questions are needed before and after, got ${before.queries.length} and ${after.queries.length} that differ`,
    );
  }
  return pairedBootstrap(
    {
      before: before.queries.map(({ ndcg }) => ndcg),
      after: after.queries.map(({ ndcg }) => ndcg),
      clusters: after.queries.map(({ answer }) => answer),
    },
    context,
  );
}

/** Quantile of sorted values, interpolated linearly between neighbours. */
function quantile(sorted: Float64Array, share: number): number {
  const position = share * (sorted.length - 1);
  const low = Math.floor(position);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low]! + (position - low) * (sorted[high]! - sorted[low]!);
}
