// A whole run with a frozen part, in the trainer process: what is published, what checkpoints hold, and an interruption.
import { existsSync } from 'node:fs';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openLocalStore } from '../src/artifacts/local-store.js';
import { readEncoderTensors } from '../src/models/model-folder.js';
import { fineTuneLocally, planLocally, type FineTuneSpecInput, type StageProgress } from '../src/training.js';
import { listCheckpoints } from '../src/training/checkpoint.js';
import { readCheckpoint } from './support/read-checkpoint.js';
import { writeTinyTokenizer } from './support/tiny-tokenizer.js';

const trainerPath = fileURLToPath(new URL('../dist/src/trainer/child.js', import.meta.url));
if (!existsSync(trainerPath)) throw new Error(`${trainerPath} is missing: run "npm run build" first`);

let folder: string;
let base: string;
const options = (store: string) => ({ store: join(folder, store), dataFolders: [folder], trainerPath });
const spec = (model: FineTuneSpecInput['model'], name: string, training: object = {}): FineTuneSpecInput => ({
  model,
  dataset: { source: 'pairs.jsonl', testRatio: 0.3 },
  training: { batchSize: 8, epochs: 2, learningRate: 1e-3, ...training },
  output: { name, directory: name },
});

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'freeze-test-')));
  const pairs = Array.from({ length: 40 }, (_, i) => ({ question: `What follows ${i}?`, answer: `It is ${i + 1}.` }));
  await writeFile(join(folder, 'pairs.jsonl'), pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
  await writeTinyTokenizer(
    join(folder, 'tokenizer'),
    pairs.flatMap(({ question, answer }) => [question, answer]),
  );
  const shape = { hiddenSize: 32, numHiddenLayers: 2, numAttentionHeads: 2, intermediateSize: 64 };
  const random = { tokenizer: 'tokenizer', ...shape, maxPositionEmbeddings: 64 };
  base = (await fineTuneLocally(spec({ random }, 'base', { epochs: 1 }), options('base-store'))).model.path;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const bytes = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer => Buffer.from(buffer, byteOffset, byteLength);
const isFrozen = (name: string): boolean => name.startsWith('embeddings.') || name.startsWith('encoder.layer.0.');

it('publishes the frozen weights bit for bit, saves the rest alone, and goes on after an interruption to the same bytes', async () => {
  const training = { freeze: { layers: 1 }, microBatchSize: 4, dropout: 0.1 };
  const controller = new AbortController();
  const reason = new Error('enough for now');
  const onProgress = ({ stage, epoch }: StageProgress): void => {
    if (stage === 'train' && epoch === 2) controller.abort(reason);
  };
  const disturbed = options('disturbed');
  const first = spec(base, 'first', training);
  await expect(fineTuneLocally(first, { ...disturbed, signal: controller.signal, onProgress })).rejects.toBe(reason);
  const result = await fineTuneLocally(first, disturbed);
  const undisturbed = await fineTuneLocally(spec(base, 'second', training), options('undisturbed'));
  expect(result.model.sha256).toBe(undisturbed.model.sha256);
  expect(result.bitIdentical).toBe(true);

  const [before, after] = [await readEncoderTensors(base), await readEncoderTensors(result.model.path)];
  const names = [...after.keys()].filter((name) => !name.startsWith('pooler.')); // which no encoder here uses
  const unchanged = names.filter((name) => bytes(after.get(name)!.data).equals(bytes(before.get(name)!.data)));
  expect(unchanged.sort()).toEqual(names.filter(isFrozen).sort());

  const store = await openLocalStore({ folder: disturbed.store });
  const [checkpoint] = await listCheckpoints(store);
  const saved = [...(await readCheckpoint(store, checkpoint!)).weights.keys()];
  expect(saved.length).toBeGreaterThan(0);
  expect(saved.filter(isFrozen)).toEqual([]);
});

it('is planned: fewer parameters, less memory, less disk; and a model without so many layers is refused', async () => {
  const plan = async (freeze: object | null): Promise<Awaited<ReturnType<typeof planLocally>>['plan']> =>
    (await planLocally(spec(base, 'planned', { freeze }), options('planned'))).plan;
  const [all, half] = [await plan(null), await plan({ layers: 1 })];
  expect(all.parameters!.trained).toBe(all.parameters!.all);
  expect(half.parameters!.trained).toBeLessThan(all.parameters!.all / 2);
  expect(half.estimate.memoryMb).toBeLessThanOrEqual(all.estimate.memoryMb);
  expect(half.lineage).not.toBe(all.lineage);
  await expect(plan({ layers: 2 })).rejects.toThrow("training.freeze.layers: must be fewer than the model's 2");
});
