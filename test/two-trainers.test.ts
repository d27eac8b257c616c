// Two real trainer processes on one lineage: one falls asleep in the middle of an epoch, the other one takes over, and the first one wakes
// up. It finds the newer claim by itself, with no Worker that tells it, and no byte of a checkpoint differs from an undisturbed training.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLocalStore } from '../src/artifacts/local-store.js';
import type { ArtifactStore } from '../src/artifacts/store.js';
import { buildCorpus } from '../src/dataset/corpus.js';
import { downloadDataset } from '../src/dataset/fetch-dataset.js';
import { pinDataset } from '../src/dataset/pin-dataset.js';
import { splitPairs } from '../src/dataset/split.js';
import { transformPairs } from '../src/dataset/transform.js';
import { fetchBaseModel } from '../src/models/base-model.js';
import { pinModel } from '../src/sources/pin.js';
import { parseSpec } from '../src/spec/parse.js';
import type { Claimant, TrainEpochInput } from '../src/spec/training-stages.js';
import { TrainerHost } from '../src/trainer/host.js';
import { listCheckpoints, readManifest } from '../src/training/checkpoint.js';
import { realTexts } from './support/real-texts.js';
import { writeTinyTokenizer } from './support/tiny-tokenizer.js';

let folder: string;
const hosts: TrainerHost[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'two-trainers-'));
  const texts = await realTexts(160);
  await writeTinyTokenizer(join(folder, 'tokenizer'), texts, 300);
  const rows = texts.map((answer, index) => ({ question: `${index} ${answer.slice(0, 30)}`, answer }));
  await writeFile(join(folder, 'pairs.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
});
afterAll(async () => {
  for (const host of hosts) await host.close();
  await rm(folder, { recursive: true, force: true });
});

/** Everything up to the plan, on a store of its own. */
async function prepare(name: string): Promise<{ store: ArtifactStore; input: TrainEpochInput; open(): TrainerHost }> {
  const store = await openLocalStore({ folder: join(folder, name), create: true });
  const signal = new AbortController().signal;
  const context = { store, signal, progress: () => undefined, warn: () => undefined };
  const spec = parseSpec({
    model: { random: { tokenizer: join(folder, 'tokenizer'), maxPositionEmbeddings: 128 } },
    dataset: { source: join(folder, 'pairs.jsonl') },
    training: { epochs: 1, batchSize: 4, checkpointEverySeconds: 0.1, dropout: 0.1 },
  });
  const settings = { dataFolders: [folder] };
  const storeId = store.id;
  const { dataset, training } = spec;
  const random = 'random' in spec.model ? { random: spec.model.random } : {};
  const pin = await pinModel(spec.model, settings, context);
  const { kind, key } = await fetchBaseModel({ pin, ...random }, settings, context);
  const model = { kind, key };
  const datasetPin = await pinDataset(dataset, settings, context);
  const { artifact: snapshot } = await downloadDataset({ pin: datasetPin, dataset }, settings, context);
  const { artifact: pairs } = await transformPairs({ storeId, snapshot, dataset }, context);
  const { artifact: from } = await splitPairs({ storeId, pairs, dataset, keep: 'last' }, context);
  const { artifact: retrieval } = await buildCorpus({ storeId, from, dataset, keep: 'last' }, context);
  const open = (): TrainerHost => {
    const trainerPath = fileURLToPath(new URL('../dist/src/trainer/child.js', import.meta.url));
    const host = new TrainerHost({ storeFolder: store.location, storeId, trainerPath, threads: 1 });
    hosts.push(host);
    return host;
  };
  const { tokens, plan, lineage } = await open().call('planTraining', { storeId, model, retrieval, spec });
  return { store, open, input: { storeId, model, tokens, plan, lineage, training, epoch: 1 } };
}

const claimant = (scheduledMs: number): Claimant => ({
  workflow: 'default/run',
  activity: 'train-epoch-1',
  scheduledMs,
  owner: `owner-${scheduledMs}`,
  attempt: 1,
  freshMs: 60_000,
});
const contents = async (store: ArtifactStore) => {
  const refs = (await listCheckpoints(store)).sort((a, b) => a.step - b.step);
  return Promise.all(refs.map(async (ref) => [ref.step, (await readManifest(store, ref))!.content] as const));
};

describe('a trainer that wakes up after another one took over', () => {
  it('stops before its next checkpoint, and no byte differs', async () => {
    const calm = await prepare('calm');
    await calm.open().call('trainEpoch', calm.input);
    const undisturbed = await contents(calm.store);

    const place = await prepare('asleep');
    const sleeper = place.open();
    let isAsleep = false;
    const asleep = new Promise<void>((resolve) => {
      void sleeper
        .call(
          'trainEpoch',
          { ...place.input, claimant: claimant(1000) },
          {
            onProgress: ({ done }) => {
              if (done < 5 || isAsleep) return;
              isAsleep = true;
              process.kill(sleeper.pid!, 'SIGSTOP');
              resolve();
            },
          },
        )
        .then(
          () => (outcome = 'finished'),
          (error: { type?: string }) => (outcome = error.type),
        );
    });
    let outcome: string | undefined;
    await asleep;
    const result = await place.open().call('trainEpoch', { ...place.input, claimant: claimant(2000) });
    expect(result).toMatchObject({ finished: true, bitIdentical: true });
    expect(outcome).toBeUndefined();
    process.kill(sleeper.pid!, 'SIGCONT');
    await expect.poll(() => outcome, { timeout: 30_000 }).toBe('StaleAttempt');
    // Where checkpoints fall hangs on time; what is in them does not.
    const same = new Map(undisturbed);
    const steps = await contents(place.store);
    expect(steps.at(-1)).toEqual(undisturbed.at(-1));
    for (const [step, content] of steps) if (same.has(step)) expect(content).toEqual(same.get(step));
  });
});
