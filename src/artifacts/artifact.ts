// A remembered result: a record, keyed by the hash of a stage's inputs, that names blobs and states facts. A stage that meets the
// same inputs again finds it and returns at once; a damaged one is set aside and made anew.
import { copyFile, link, mkdir } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import type { ArtifactRef } from '../spec/stages.js';
import { FOLDER_MODE } from './flushed-files.js';
import { sha256OfJson } from './hash.js';
import { DamagedError, type ArtifactStore, type BlobRef } from './store.js';

/** A remembered result: named blobs and small facts. */
export interface Artifact<Facts> extends ArtifactRef {
  blobs: Record<string, BlobRef>;
  facts: Facts;
}

/** The key of a result of `kind` made from `inputs` by the given version of its code. */
export function artifactKey(kind: string, version: number, inputs: unknown): string {
  return sha256OfJson({ kind, version, inputs });
}

/** Options of {@link remember}. */
export interface RememberOptions<Facts> {
  store: ArtifactStore;
  kind: string;
  /** Raise it when the code makes other results from the same inputs. */
  version: number;
  /** All that decides the result, as JSON. */
  inputs: unknown;
  make: () => Promise<{ blobs: Record<string, BlobRef>; facts: Facts }>;
}

/** Finds the result of these inputs, or makes and remembers it. */
export async function remember<Facts>({
  store,
  kind,
  version,
  inputs,
  make,
}: RememberOptions<Facts>): Promise<Artifact<Facts>> {
  const key = artifactKey(kind, version, inputs);
  const found = await findArtifact<Facts>(store, { kind, key });
  if (found) return found;
  const made = await make();
  const { created, body } = await store.createRecord(kind, key, { blobs: made.blobs, facts: made.facts });
  const { blobs, facts } = created ? made : (body as unknown as typeof made);
  return { kind, key, blobs, facts };
}

/** The artifact with all its blobs verified, or undefined; what is damaged is set aside. */
export async function findArtifact<Facts>(
  store: ArtifactStore,
  { kind, key }: ArtifactRef,
): Promise<Artifact<Facts> | undefined> {
  const body = await store.readRecord(kind, key);
  if (!body) return undefined;
  const { blobs, facts } = body as unknown as Omit<Artifact<Facts>, keyof ArtifactRef>;
  try {
    for (const ref of Object.values(blobs)) await store.blobPath(ref);
  } catch (error) {
    if (!(error instanceof DamagedError)) throw error;
    await store.setAsideRecord(kind, key, error.message);
    return undefined;
  }
  await store.touchRecord(kind, key);
  return { kind, key, blobs, facts };
}

/**
 * The artifact that an earlier stage made.
 *
 * @throws DamagedError when it is no longer there whole: run the stage that makes it again.
 */
export async function readArtifact<Facts>(store: ArtifactStore, ref: ArtifactRef): Promise<Artifact<Facts>> {
  const found = await findArtifact<Facts>(store, ref);
  if (!found) throw new DamagedError(`${ref.kind} ${ref.key}`, 'it is missing or was set aside');
  return found;
}

/** Lays an artifact's blobs under their names in a folder (hard links where the disk allows, else copies). */
export async function materialize(store: ArtifactStore, blobs: Record<string, BlobRef>, folder: string): Promise<void> {
  for (const [name, ref] of Object.entries(blobs)) {
    const relative = normalize(name);
    if (isAbsolute(relative) || relative.split(/[\\/]/).includes('..')) {
      throw new Error(`materialize: a blob's name stays inside the folder, got ${JSON.stringify(name)}`);
    }
    const target = join(folder, relative);
    await mkdir(dirname(target), { recursive: true, mode: FOLDER_MODE });
    const source = await store.blobPath(ref);
    await link(source, target).catch(() => copyFile(source, target));
  }
}
