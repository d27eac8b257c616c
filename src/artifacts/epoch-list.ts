// Results of epochs kept in the store: a chain of artifacts, each with some epochs and a reference to the ones before, so that a run of a
// thousand epochs passes references only.
import type { EpochSummary } from '../spec/evaluation-stages.js';
import type { PublishInput } from '../spec/publishing-stages.js';
import type { ArtifactRef } from '../spec/stages.js';
import type { KeepEpochsInput } from '../spec/training-stages.js';
import { readArtifact, remember } from './artifact.js';
import type { ArtifactStore } from './store.js';

const KIND = 'epochs';
const BLOB = 'epochs.json';

interface EpochListFacts {
  previous?: ArtifactRef;
}

/** Keeps epochs behind those that were kept before. */
export async function keepEpochs(
  store: ArtifactStore,
  { previous, epochs }: Omit<KeepEpochsInput, 'storeId'>,
): Promise<ArtifactRef> {
  const { kind, key } = await remember<EpochListFacts>({
    store,
    kind: KIND,
    version: 1,
    inputs: { previous: previous ?? null, epochs },
    make: async () => ({
      blobs: { [BLOB]: await store.putBytes(Buffer.from(JSON.stringify(epochs))) },
      facts: previous ? { previous } : {},
    }),
  });
  return { kind, key };
}

/**
 * All epochs of a run, in order: those kept in the store, then those that its input carries.
 *
 * @throws DamagedError when kept ones are no longer there whole.
 */
export async function allEpochs(
  store: ArtifactStore,
  { earlierEpochs, epochs }: Pick<PublishInput, 'earlierEpochs' | 'epochs'>,
): Promise<EpochSummary[]> {
  const chunks: EpochSummary[][] = [epochs];
  let ref = earlierEpochs;
  while (ref) {
    const { blobs, facts }: { blobs: Record<string, { sha256: string; bytes: number }>; facts: EpochListFacts } =
      await readArtifact<EpochListFacts>(store, ref);
    chunks.unshift(JSON.parse((await store.readBlob(blobs[BLOB]!)).toString('utf8')) as EpochSummary[]);
    ref = facts.previous;
  }
  return chunks.flat();
}
