// eval/Information-Retrieval_evaluation_results.csv, with the name, columns and order of sentence-transformers'
// InformationRetrievalEvaluator: one row an evaluation; epoch and steps are 0 for the base model.
import type { Metrics } from '../spec/evaluation-stages.js';

const COLUMNS: readonly (readonly [label: string, key: string])[] = [
  ...[1, 3, 5, 10].map((k) => [`Accuracy@${k}`, `accuracy@${k}`] as const),
  ...[1, 3, 5, 10].flatMap(
    (k) =>
      [
        [`Precision@${k}`, `precision@${k}`],
        [`Recall@${k}`, `recall@${k}`],
      ] as const,
  ),
  ['MRR@10', 'mrr@10'],
  ['NDCG@10', 'ndcg@10'],
  ['MAP@100', 'map@100'],
];

/** One evaluation on the test part. */
export interface EvaluationRow {
  epoch: number;
  steps: number;
  metrics: Metrics;
}

/** The file's content; a metric that was not measured leaves its cell empty. */
export function evaluationCsv(rows: readonly EvaluationRow[]): string {
  const header = ['epoch', 'steps', ...COLUMNS.map(([label]) => `cosine-${label}`)];
  const lines = rows.map(({ epoch, steps, metrics }) => [
    epoch,
    steps,
    ...COLUMNS.map(([, key]) => metrics[key] ?? ''),
  ]);
  return [header, ...lines].map((cells) => `${cells.join(',')}\n`).join('');
}
