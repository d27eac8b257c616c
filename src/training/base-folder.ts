// The base model's folder out of the store: laid out in a temporary folder while it is read.
import { rm } from 'node:fs/promises';
import { materialize, readArtifact } from '../artifacts/artifact.js';
import type { ArtifactStore } from '../artifacts/store.js';
import { readModelFolder, type EncoderModel } from '../models/model-folder.js';
import type { ArtifactRef } from '../spec/stages.js';

/** Reads the model in a `model-folder` artifact and works with it; its folder is gone afterwards. */
export async function withBaseModel<T>(
  store: ArtifactStore,
  ref: ArtifactRef,
  work: (model: EncoderModel) => Promise<T>,
): Promise<T> {
  const { blobs } = await readArtifact(store, ref);
  const folder = await store.temporaryPath('base-model');
  try {
    await materialize(store, blobs, folder);
    return await work(await readModelFolder(folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
