// How the scores of true pairs (a question and a document relevant to it) and of false pairs (every other document) are spread:
// the two histograms that training should pull apart. Counted during the search, so that no score is kept.

/** Histograms of cosines over [-1, 1] in bins of equal width. */
export interface ScoreDistribution {
  /** Width of a bin; bin i covers [-1 + i × width, -1 + (i + 1) × width). */
  width: number;
  /** Pairs a bin whose document is relevant to the question. */
  true: number[];
  /** Pairs a bin whose document is not. */
  false: number[];
  /** Questions a bin by the score of their best false document. */
  bestFalse: number[];
  trueMean: number;
  falseMean: number;
  bestFalseMean: number;
}

const BINS = 200;

/** Counts scores into histograms; sums run in the order of the calls. */
export class ScoreCounter {
  private readonly counts = {
    true: new Array<number>(BINS).fill(0),
    false: new Array<number>(BINS).fill(0),
    bestFalse: new Array<number>(BINS).fill(0),
  };
  private readonly sums = { true: 0, false: 0, bestFalse: 0 };
  private readonly totals = { true: 0, false: 0, bestFalse: 0 };

  /** Adds one score of the given kind, clamped to [-1, 1]. */
  add(kind: 'true' | 'false' | 'bestFalse', score: number): void {
    const bin = Math.floor(((score + 1) * BINS) / 2);
    this.counts[kind][bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin]!++;
    this.sums[kind] += score;
    this.totals[kind]++;
  }

  /** The histograms so far; a mean over nothing is 0. */
  distribution(): ScoreDistribution {
    const mean = (kind: 'true' | 'false' | 'bestFalse'): number => this.sums[kind] / Math.max(1, this.totals[kind]);
    return {
      width: 2 / BINS,
      ...this.counts,
      trueMean: mean('true'),
      falseMean: mean('false'),
      bestFalseMean: mean('bestFalse'),
    };
  }
}
