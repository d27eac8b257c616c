import { expect, it } from 'vitest';
import { EVALUATION_CSV } from '../spec/published-files.js';
import { evaluationCsv } from './evaluation-csv.js';

it('writes the columns that InformationRetrievalEvaluator writes, in its order', () => {
  // The header of a file that sentence-transformers 6.2 wrote.
  const header =
    'epoch,steps,cosine-Accuracy@1,cosine-Accuracy@3,cosine-Accuracy@5,cosine-Accuracy@10,cosine-Precision@1,cosine-Recall@1,' +
    'cosine-Precision@3,cosine-Recall@3,cosine-Precision@5,cosine-Recall@5,cosine-Precision@10,cosine-Recall@10,cosine-MRR@10,' +
    'cosine-NDCG@10,cosine-MAP@100';
  const rows = evaluationCsv([{ epoch: 2, steps: 40, metrics: { 'accuracy@1': 0.5, 'ndcg@10': 0.25 } }]).split('\n');
  expect(EVALUATION_CSV).toBe('eval/Information-Retrieval_evaluation_results.csv');
  expect(rows[0]).toBe(header);
  expect(rows[1]).toBe('2,40,0.5,,,,,,,,,,,,,0.25,');
});
