// The physics example as it stands, whole, against a small local server that speaks the Hub's paths. What it serves stands in for the
// real thing: our small encoder under the model's name, and made-up rows in the layout of the dataset.
import { mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fineTuneLocally, type FineTuneSpecInput } from '../../src/training.js';
import { startFakeHub, type FakeHub } from '../support/fake-hub.js';
import { makeZip } from '../support/make-zip.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
let folder: string;
let hub: FakeHub;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'physics-')));
  hub = await startFakeHub({
    repos: [
      { type: 'model', name: 'BAAI/bge-small-en-v1.5', files: await filesOf(join(root, 'examples/encoder/model')) },
      { type: 'dataset', name: 'camel-ai/physics', files: { 'physics.zip': rows() } },
    ],
  });
});
afterEach(async () => {
  await hub.close();
  await rm(folder, { recursive: true, force: true });
});

async function filesOf(model: string): Promise<Record<string, Buffer>> {
  const entries = await readdir(model, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const files = paths.map(async (path) => [path.slice(model.length + 1), await readFile(path)] as const);
  return Object.fromEntries(await Promise.all(files));
}

/** 60 rows on 6 topics, a JSON file each. */
function rows(): Buffer {
  const topics = ['Optics', 'Mechanics', 'Heat', 'Sound', 'Magnetism', 'Gravity'];
  return makeZip(
    Array.from({ length: 60 }, (_, index) => ({
      name: `physics/${String(index).padStart(3, '0')}.json`,
      content: JSON.stringify({
        'topic;': topics[index % 6],
        sub_topic: `part ${index}`,
        message_1: `### Instruction:\nHow does ${topics[index % 6]!.toLowerCase()} explain observation ${index}?`,
        message_2: `Observation ${index} follows from the laws of ${topics[index % 6]!.toLowerCase()}.`,
      }),
    })),
  );
}

it('the physics example downloads, prepares, trains, evaluates and publishes the tree of its output', async () => {
  const spec = JSON.parse(await readFile(join(root, 'examples/physics-bge-small.json'), 'utf8')) as FineTuneSpecInput;
  const result = await fineTuneLocally(spec, {
    store: join(folder, 'store'),
    dataFolders: [folder],
    hubUrl: hub.url,
    trainerPath: join(root, 'dist/src/trainer/child.js'),
  });
  expect(result).toMatchObject({
    publishedEpoch: 3,
    model: { path: join(folder, 'physics/data/embeddings/physics-bge-small') },
  });
  const published = join(folder, 'physics/data');
  expect((await readdir(published)).sort()).toEqual(['dataset', 'embeddings', 'logs']);
  const interim = await readFile(join(published, 'dataset/physics/interim/train.json'), 'utf8');
  const pairs = Object.values(JSON.parse(interim) as Record<string, { Question: string; Reference: string }>);
  expect(pairs.length).toBeGreaterThan(35);
  for (const { Question, Reference } of pairs) {
    expect(Question).toMatch(/^How does/);
    expect(Reference).toMatch(/^(Optics|Mechanics|Heat|Sound|Magnetism|Gravity) part \d+ Observation/);
  }
  const card = await readFile(join(result.model.path, 'README.md'), 'utf8');
  expect(card).toContain('BAAI/bge-small-en-v1.5');
  expect(card).toContain(hub.commitOf('camel-ai/physics').slice(0, 12));
});
