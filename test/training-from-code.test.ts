// Training from code without Temporal, over an interruption.
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fineTuneLocally, planLocally, type FineTuneSpecInput, type StageProgress } from '../src/training.js';
import { writeTinyTokenizer } from './support/tiny-tokenizer.js';

const trainerPath = fileURLToPath(new URL('../dist/src/trainer/child.js', import.meta.url));
if (!existsSync(trainerPath)) throw new Error(`${trainerPath} is missing: run "npm run build" first`);

let folder: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'training-from-code-test-')));
  const pairs = Array.from({ length: 40 }, (_, i) => ({ question: `What follows ${i}?`, answer: `It is ${i + 1}.` }));
  await writeFile(join(folder, 'pairs.jsonl'), pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
  await writeTinyTokenizer(
    join(folder, 'tokenizer'),
    pairs.flatMap(({ question, answer }) => [question, answer]),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const specFor = (directory: string): FineTuneSpecInput => ({
  model: {
    random: {
      ...{ tokenizer: 'tokenizer', hiddenSize: 32, numHiddenLayers: 1, numAttentionHeads: 2, intermediateSize: 64 },
      maxPositionEmbeddings: 64,
    },
  },
  dataset: { source: 'pairs.jsonl', testRatio: 0.3 },
  training: { batchSize: 8, epochs: 3 },
  output: { name: 'tiny', directory },
});
const options = (store: string) => ({ store: join(folder, store), dataFolders: [folder], trainerPath });

it('an aborted call throws its reason, and the next one goes on and ends with the bytes of an undisturbed one', async () => {
  const controller = new AbortController();
  const reason = new Error('enough for now');
  const stages = new Set<string>();
  const onProgress = ({ stage, epoch }: StageProgress): void => {
    stages.add(stage);
    if (stage === 'train' && epoch === 2) controller.abort(reason);
  };
  const disturbed = options('disturbed');
  await expect(fineTuneLocally(specFor('first'), { ...disturbed, signal: controller.signal, onProgress })).rejects.toBe(
    reason,
  );
  expect([...stages]).toEqual(expect.arrayContaining(['tokenize', 'evaluate', 'train']));
  expect(existsSync(join(folder, 'first', 'data'))).toBe(false);

  const result = await fineTuneLocally(specFor('first'), disturbed);
  const undisturbed = await fineTuneLocally(specFor('second'), options('undisturbed'));
  expect(result.model.sha256).toBe(undisturbed.model.sha256);
  expect(result.inputsSha256).toBe(undisturbed.inputsSha256);
  expect(result).toMatchObject({ publishedEpoch: 3, bitIdentical: true, metrics: undisturbed.metrics });
  expect(existsSync(join(result.model.path, 'model.safetensors'))).toBe(true);
});

it('a plan shows pairs and token lengths and publishes nothing', async () => {
  const plan = await planLocally(specFor('planned'), { ...options('planned-store'), pairs: 2 });
  expect(plan.pairs).toEqual([
    { question: 'What follows 0?', answer: 'It is 1.' },
    { question: 'What follows 1?', answer: 'It is 2.' },
  ]);
  expect(plan.lengths.queries).toHaveLength(40);
  expect(Math.min(...plan.lengths.queries)).toBeGreaterThan(2);
  expect(existsSync(join(folder, 'planned'))).toBe(false);
});

it('a plan whose tried step takes the trainer for lack of memory is made without one, and says so', async () => {
  const short = fileURLToPath(new URL('./support/trainer-short-of-memory.js', import.meta.url));
  const { warnings } = await planLocally(specFor('short'), { ...options('short-store'), trainerPath: short });
  expect(warnings).toEqual([expect.stringMatching(/^training\.microBatchSize: no step .* since memory ran out/)]);
});

it('a plan refuses what a run would refuse: to choose an epoch with no validation part', async () => {
  const spec = specFor('unplanned');
  const refused = {
    ...spec,
    dataset: { source: 'pairs.jsonl', testRatio: 0.3, validationRatio: 0 },
    training: { ...spec.training, keep: 'best' as const },
  };
  await expect(planLocally(refused, options('planned-store'))).rejects.toMatchObject({
    type: 'InvalidData',
    message: expect.stringContaining('training.keep'),
  });
});

it('a path outside the data folders is refused before anything is made', async () => {
  await expect(fineTuneLocally(specFor('/elsewhere'), options('refused'))).rejects.toMatchObject({
    type: 'PathNotAllowed',
  });
});

it("a plan and a run refuse to publish over the user's own folder before any stage", async () => {
  const own = join(folder, 'own', 'data', 'embeddings', 'tiny');
  await mkdir(own, { recursive: true });
  await writeFile(join(own, 'notes.md'), 'mine');
  const stages: string[] = [];
  const watched = { ...options('own-store'), onProgress: ({ stage }: StageProgress) => void stages.push(stage) };
  const refused = { type: 'PathNotAllowed', message: expect.stringContaining(`${own} must be free`) as string };
  await expect(planLocally(specFor('own'), watched)).rejects.toMatchObject(refused);
  await expect(fineTuneLocally(specFor('own'), watched)).rejects.toMatchObject(refused);
  expect(stages).toEqual([]);
});
