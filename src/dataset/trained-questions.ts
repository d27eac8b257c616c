// Which questions a model was trained on, over all the trainings that led to it: a `trained-questions` artifact, one blob of hashes of
// the questions in their normal form (content-hash.ts), sorted. Texts are not needed to tell that a question was seen.
import { readArtifact, remember } from '../artifacts/artifact.js';
import type { ArtifactStore } from '../artifacts/store.js';
import type { ArtifactRef, Part } from '../spec/stages.js';
import { hashKey, normalise } from './content-hash.js';
import { readRetrievalSet } from './retrieval-set.js';

const KIND = 'trained-questions';
const VERSION = 1;
const BLOB = 'questions';
/** Bytes of a hash that are kept: two of a billion questions share them with a chance of 1 in 10²⁰. */
const KEY_BYTES = 16;

/** What a question is known by. */
export function questionKey(question: string): string {
  return hashKey(normalise(question)).slice(0, KEY_BYTES);
}

/** Adds the training part's questions of a retrieval set to those seen before. */
export async function addTrainedQuestions(
  store: ArtifactStore,
  retrieval: ArtifactRef,
  before?: ArtifactRef,
): Promise<ArtifactRef> {
  const { blobs } = await readArtifact(store, retrieval);
  const { kind, key } = await remember({
    store,
    kind: KIND,
    version: VERSION,
    inputs: { before: before?.key ?? null, train: blobs['train.json']?.sha256 ?? null },
    make: async () => {
      const keys = before ? await readTrainedQuestions(store, before) : new Set<string>();
      for (const question of await questionsOf(store, retrieval, 'train')) keys.add(questionKey(question));
      const blob = await store.putBytes(Buffer.from([...keys].sort().join(''), 'latin1'));
      return { blobs: { [BLOB]: blob }, facts: { questions: keys.size } };
    },
  });
  return { kind, key };
}

/** The keys of all questions seen. */
export async function readTrainedQuestions(store: ArtifactStore, ref: ArtifactRef): Promise<Set<string>> {
  const { blobs } = await readArtifact(store, ref);
  const all = (await store.readBlob(blobs[BLOB]!)).toString('latin1');
  return new Set(
    Array.from({ length: all.length / KEY_BYTES }, (_, i) => all.slice(i * KEY_BYTES, (i + 1) * KEY_BYTES)),
  );
}

/** The questions of a part, in the order of the file's keys. */
export async function questionsOf(store: ArtifactStore, retrieval: ArtifactRef, part: Part): Promise<string[]> {
  const { blobs } = await readArtifact(store, retrieval);
  const blob = blobs[`${part}.json`];
  if (!blob) throw new Error(`questionsOf: the retrieval set ${retrieval.key} has no ${part} part`);
  return Object.values((await readRetrievalSet(await store.blobPath(blob))).queries);
}
