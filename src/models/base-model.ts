// The `downloadModel` stage: the base model's files in the store, wherever they come from, checked so far that a model which cannot be
// trained ends the run here and not after the data was prepared.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { materialize, readArtifact, remember, type Artifact } from '../artifacts/artifact.js';
import type { StageContext } from '../artifacts/stage-context.js';
import type { BlobRef } from '../artifacts/store.js';
import { FinalError } from '../errors.js';
import { fetchModel, type ModelFolderFacts } from '../sources/pin.js';
import type { SourceSettings } from '../sources/source-settings.js';
import { hashedShape } from '../spec/random-model.js';
import type { RandomModelSpec } from '../spec/spec.js';
import type { DownloadModelInput } from '../spec/preparation-stages.js';
import type { ArtifactRef } from '../spec/stages.js';
import { checkWeights, readModelFolder } from './model-folder.js';
import { makeRandomModel } from './random-init.js';

const RANDOM_VERSION = 1;

/**
 * Fetches the pinned model, or makes it from random weights, as a `model-folder` artifact whose blobs go by file name.
 *
 * @throws FinalError `UnsupportedModel` or `InvalidData` when it is none that can be trained.
 */
export async function fetchBaseModel(
  { pin, random }: Omit<DownloadModelInput, 'storeId'>,
  settings: SourceSettings,
  context: StageContext,
): Promise<Artifact<ModelFolderFacts>> {
  const check = (blobs: Record<string, BlobRef>): Promise<void> =>
    inFolder(blobs, 'base-model', context, async (folder) => void (await readModelFolder(folder)));
  const artifact =
    pin.type === 'random'
      ? await randomModel(pin.snapshot, random, context)
      : await fetchModel(pin, settings, context, check);
  await inFolder(artifact.blobs, 'base-model', context, async (folder) => {
    const model = await readModelFolder(folder);
    await checkWeights(model);
    for (const warning of model.warnings) context.warn(warning);
  });
  return artifact;
}

async function randomModel(
  tokenizer: ArtifactRef,
  random: RandomModelSpec | undefined,
  context: StageContext,
): Promise<Artifact<ModelFolderFacts>> {
  if (!random) throw new FinalError('InvalidSpec', 'model.random: the shape of the new model is needed, got nothing');
  const { blobs: tokenizerBlobs } = await readArtifact<ModelFolderFacts>(context.store, tokenizer);
  return remember<ModelFolderFacts>({
    store: context.store,
    kind: 'model-folder',
    version: RANDOM_VERSION,
    inputs: { random: hashedShape(random), tokenizer: tokenizerBlobs },
    make: () =>
      inFolder(tokenizerBlobs, 'random-model', context, async (tokenizerFolder) => {
        const folder = join(tokenizerFolder, '.model');
        await mkdir(folder);
        const names = await makeRandomModel({ spec: random, tokenizerFolder, folder });
        const blobs: Record<string, BlobRef> = {};
        for (const name of names) blobs[name] = await context.store.putFile(join(folder, name));
        const bytes = Object.values(blobs).reduce((sum, blob) => sum + blob.bytes, 0);
        return { blobs, facts: { files: names.length, bytes } };
      }),
  });
}

/** Lays the blobs into a temporary folder, works in it, and removes it. */
async function inFolder<T>(
  blobs: Record<string, BlobRef>,
  label: string,
  { store }: StageContext,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await store.temporaryPath(label);
  try {
    await mkdir(folder, { recursive: true });
    await materialize(store, blobs, folder);
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
