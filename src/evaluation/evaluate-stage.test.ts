import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { remember } from '../artifacts/artifact.js';
import { openLocalStore } from '../artifacts/local-store.js';
import type { ArtifactStore } from '../artifacts/store.js';
import type { EvaluateInput } from '../spec/evaluation-stages.js';
import type { ArtifactRef, StageProgress, WeightsRef } from '../spec/stages.js';
import { encodeTexts, packRows, textAt, textCount } from '../text/tokenized-texts.js';
import { readDetails } from './details.js';
import { evaluateModel, type EvaluateContext } from './evaluate-stage.js';

let folder: string;
let store: ArtifactStore;
let tokens: ArtifactRef;
let progress: StageProgress[];
let asked: WeightsRef[];

// A text's "embedding" is its first two token ids.
const queries = [[1, 0], [0, 1], [1, 1, 9]]; // prettier-ignore
const documents = [[1, 0], [0, 1], [3, 3]]; // prettier-ignore

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evaluate-'));
  store = await openLocalStore({ folder, create: true });
  progress = [];
  asked = [];
  const put = (rows: number[][]) => store.putBytes(encodeTexts(packRows(rows)));
  tokens = await remember({
    store,
    kind: 'tokens',
    version: 1,
    inputs: {},
    make: async () => ({
      blobs: {
        'test/queries': await put(queries),
        'test/documents': await put(documents),
        'test/relevant': await put([[0], [2], [2]]),
        'test/identity': await put([[0, 1, 2], [0, 1, 3]]), // prettier-ignore
      },
      facts: {},
    }),
  });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const input = (change: Partial<EvaluateInput> = {}): EvaluateInput => ({
  storeId: store.id,
  model: { kind: 'model-folder', key: 'm' },
  retrieval: { kind: 'retrieval', key: 'r' },
  tokens: { kind: tokens.kind, key: tokens.key },
  weights: { base: true },
  part: 'test',
  topK: 2,
  ...change,
});

const context = (): EvaluateContext => ({
  store,
  signal: new AbortController().signal,
  progress: (one) => progress.push(one),
  warn: () => {},
  embedder: async (weights) => {
    asked.push(weights);
    return {
      dimension: 2,
      embed: async (texts, options) => {
        const count = textCount(texts);
        options?.onProgress?.(count, count);
        return Float32Array.from(Array.from({ length: count }, (_, i) => [...textAt(texts, i).subarray(0, 2)]).flat());
      },
    };
  },
});

describe('evaluateModel', () => {
  it('embeds a part, scores it, and keeps the details by question', async () => {
    const result = await evaluateModel(input(), context());
    expect(result).toMatchObject({
      queries: 3,
      documents: 3,
      metrics: { 'accuracy@1': 2 / 3, 'hit_rate@2': 1, 'mrr@10': (1 + 0.5 + 1) / 3 },
    });
    const { queries: details, metrics } = await readDetails(store, result.artifact);
    expect(metrics).toEqual(result.metrics);
    expect(details.map(({ rank, answer }) => [rank, answer])).toEqual([
      [1, 0],
      [2, 2],
      [1, 2],
    ]);
    expect(progress.map(({ done, total, unit }) => `${done}/${total} ${unit}`)).toEqual([
      '3/6 texts',
      '6/6 texts',
      '3/3 questions',
    ]);
  });

  it('evaluates the same inputs once and asks for the weights that it was told', async () => {
    const first = await evaluateModel(input(), context());
    expect(await evaluateModel(input(), context())).toEqual(first);
    await evaluateModel(input({ weights: { checkpoint: { lineage: 'l', step: 4 } } }), context());
    expect(asked).toEqual([{ base: true }, { checkpoint: { lineage: 'l', step: 4 } }]);
  });

  it('remembers nothing when it is stopped', async () => {
    const controller = new AbortController();
    controller.abort(new Error('stop'));
    await expect(evaluateModel(input(), { ...context(), signal: controller.signal })).rejects.toThrow('stop');
    expect(await store.listRecords('evaluation')).toEqual([]);
  });

  it('names the part that is not there', async () => {
    await expect(evaluateModel(input({ part: 'validation' }), context())).rejects.toThrow(/has no validation part/);
  });
});
