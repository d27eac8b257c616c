// A small but complete report's data for tests: two epochs, ten questions, one won and one lost.
import type { ReportData } from '../../src/reporting/report-data.js';

/** Report data with changes of yours. */
export function reportData(change: Partial<ReportData> = {}): ReportData {
  const metrics = (shift: number) =>
    Object.fromEntries(
      ['hit_rate@5', 'ndcg@10', 'mrr@10', 'map@100', 'accuracy@1', 'accuracy@10', 'recall@10'].map((key, i) => [
        key,
        0.5 + shift + i / 100,
      ]),
    );
  const scores = (peak: number) => ({
    width: 0.01,
    true: Array.from({ length: 200 }, (_, bin) => (Math.abs(bin - peak) < 5 ? 2 : 0)),
    false: Array.from({ length: 200 }, (_, bin) => (Math.abs(bin - 110) < 20 ? 9 : 0)),
    bestFalse: Array.from({ length: 200 }, (_, bin) => (Math.abs(bin - 125) < 4 ? 2 : 0)),
    trueMean: 0.7,
    falseMean: 0.1,
    bestFalseMean: 0.25,
  });
  const outcome = (rank: number | null, instead: string | null) => ({
    ndcg: rank === null ? 0 : 1 / Math.log2(rank + 1),
    rank,
    trueScore: 0.6,
    insteadOf: instead === null ? null : { text: instead, score: 0.7 },
  });
  return {
    name: 'elements-encoder',
    baseModel: 'encoder',
    dataset: 'elements',
    verdict: { verdict: 'improved', metric: 'ndcg@10', difference: 0.1, interval: [0.05, 0.15], resamples: 10_000 },
    topK: 5,
    test: { questions: 10, documents: 8, answers: 8 },
    metrics: { before: metrics(0), after: metrics(0.1) },
    bm25: metrics(0.05),
    epochs: [
      { epoch: 1, meanLoss: 0.9, test: metrics(0.05) },
      { epoch: 2, meanLoss: 0.5, test: metrics(0.1) },
    ],
    publishedEpoch: 2,
    keep: 'last',
    losses: Array.from({ length: 20 }, (_, i) => ({
      step: i + 1,
      epoch: i < 10 ? 1 : 2,
      loss: 1 / (i + 1),
      learningRate: 2e-5 * (1 - i / 20),
      gradientNorm: 3 + Math.sin(i),
    })),
    scores: { before: scores(140), after: scores(170) },
    changes: [-0.5, 0, 0, 0, 0, 0, 0, 0, 0.2, 1],
    won: [
      {
        question: 'Which metal is liquid at room temperature?',
        answer: 'Mercury is liquid at room temperature.',
        before: outcome(null, 'Gallium melts in the hand.'),
        after: outcome(1, null),
      },
    ],
    lost: [
      {
        question: 'Who found radium?',
        answer: 'Marie and Pierre Curie found radium.',
        before: outcome(1, null),
        after: outcome(3, 'Radon is a gas.'),
      },
    ],
    data: [{ label: 'Source', value: 'elements' }],
    settings: [{ label: 'training.epochs', value: '2' }],
    machine: [{ label: 'Platform', value: 'linux-x64' }],
    training: { pairs: 200, seconds: 12.5, pairsPerSecond: 16, peakMemoryMb: 300 },
    warnings: [],
    load: [{ program: 'sentence-transformers (Python)', code: 'model = SentenceTransformer("./elements-encoder")' }],
    ...change,
  };
}
