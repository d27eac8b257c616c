import { describe, expect, it } from 'vitest';
import { parseSpec } from '../spec/parse.js';
import type { PublishInput } from '../spec/publishing-stages.js';
import { loadSnippets } from './load-snippets.js';
import { modelCard, type ModelCardOptions } from './model-card.js';

const artifact = { kind: 'x', key: 'y' };
const input: PublishInput = {
  storeId: 's',
  spec: parseSpec({ model: 'BAAI/bge-small-en-v1.5', dataset: 'camel-ai/physics' }),
  pins: {
    model: { type: 'hub', id: 'BAAI/bge-small-en-v1.5', commit: 'a1' },
    dataset: { type: 'hub', id: 'camel-ai/physics', commit: 'b2', conversion: 'c3' },
  },
  model: artifact,
  retrieval: artifact,
  tokens: artifact,
  transform: { artifact, splits: { train: { rows: 12, kept: 10, dropped: { 'empty answer': 2 } } } },
  corpus: { artifact, parts: { train: { queries: 8, documents: 7, pairs: 8 } }, trainSha256: '', warnings: [] },
  plan: {
    tokens: artifact,
    plan: artifact,
    lineage: 'l',
    pairs: 8,
    stepsPerEpoch: [1, 1, 1],
    totalSteps: 3,
    microBatchSize: 8,
    cut: { train: { queries: 0, documents: 3 } },
    estimate: { seconds: 1, memoryMb: 1, diskMb: 1 },
    seconds: 1,
    warnings: [],
  },
  epochs: [],
  published: { epoch: 3, checkpoint: { lineage: 'l', step: 3 } },
  before: { artifact, metrics: { 'ndcg@10': 0.5, 'hit_rate@5': 0.6 }, queries: 4, documents: 3, seconds: 1 },
  after: { artifact, metrics: { 'ndcg@10': 0.75, 'hit_rate@5': 0.7 }, queries: 4, documents: 3, seconds: 1 },
  training: { pairs: 24, seconds: 2, pairsPerSecond: 12, peakMemoryMb: 300 },
  warnings: ['a | b <b>'],
  workflow: { workflowId: 'w', runId: 'r' },
};
const prompts = { query: 'Represent `this`: ', passage: '' };
const options = { name: 'physics-bge', pooling: 'cls', normalize: true, maxLength: 512, prompts } as const;
const snippets = loadSnippets(options);
const told: ModelCardOptions = {
  name: 'physics-bge',
  input,
  verdict: { verdict: 'improved', metric: 'ndcg@10', difference: 0.25, interval: [0.1, 0.4], resamples: 10_000 },
  dimension: 384,
  maxSequenceLength: 512,
  pooling: 'cls',
  normalize: true,
  prompts,
  snippets,
};
const card = modelCard(told);

describe('modelCard', () => {
  it('opens with front matter that names library, base model and data', () => {
    const [, frontMatter] = card.split('---\n');
    expect(frontMatter).toContain('library_name: sentence-transformers\n');
    expect(frontMatter).toContain('base_model: "BAAI/bge-small-en-v1.5"\n');
    expect(frontMatter).toContain('datasets:\n- "camel-ai/physics"\n');
  });

  it('shows metrics before and after, the change, and the verdict with its interval', () => {
    expect(card).toContain('| ndcg@10 | 0.5000 | 0.7500 | +0.2500 |');
    expect(card).toMatch(
      /\*\*Retrieval got better\.\*\* NDCG@10 changed by \+0\.2500 \(95 % interval \+0\.1000 to \+0\.4000/,
    );
  });

  it('has the lines to load it in every program, each with the prompt that a question needs', () => {
    for (const program of [
      'sentence-transformers \\(Python\\)',
      'transformers.js',
      'LangChain.js',
      'LlamaIndex.TS',
      'fastembed-js',
      'any ONNX runtime',
    ])
      expect(card).toContain(`### ${program}\n`);
    expect(card).toContain('"Represent `this`: How is it made?"');
    expect(card).toContain("{ pooling: 'cls', normalize: true }");
  });

  it('says of the ONNX output whether it is normalised, as the export is', () => {
    const onnx = (normalize: boolean): string => loadSnippets({ ...options, normalize }).at(-1)!.code;
    expect(onnx(true)).toContain('is pooled and normalised.');
    expect(onnx(false)).toContain('is pooled, not normalised: compare by cosine.');
  });

  it('counts the epochs and steps that were trained, whatever was planned at first', () => {
    const ended = { epoch: 5, checkpoint: { lineage: 'segment', step: 41 }, meanLoss: 0.1 };
    const extended = modelCard({ ...told, input: { ...input, epochs: [ended] } });
    expect(extended).toContain('| epochs | 5, published: 3 (keep last) |');
    expect(extended).toContain('| steps | 41 |');
  });

  it('names the commits that the data was read from', () => {
    expect(card).toContain('| revision | b2 |');
    expect(card).toContain('Parquet conversion, which was read | c3 |');
  });

  it('tells dropped rows, cut texts and warnings, escaped', () => {
    expect(card).toContain('dropped of train: empty answer | 2 rows');
    expect(card).toContain('longer than the model takes, train | 0 questions, 3 documents \\(cut\\)');
    expect(card).toContain('- a \\| b &lt;b&gt;');
  });
});
