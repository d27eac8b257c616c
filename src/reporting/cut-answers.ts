// Of documents that mix the true answer with others: in how many does the true answer reach past the model's length, so that its end
// is never seen. Counted by tokenizing each document up to the end of its answer.
import { rm } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { materialize, readArtifact } from '../artifacts/artifact.js';
import type { ArtifactStore, BlobRef } from '../artifacts/store.js';
import { readRetrievalSet } from '../dataset/retrieval-set.js';
import type { ArtifactRef, Part } from '../spec/stages.js';
import { openTokenizer } from '../text/tokenizer.js';
import { count } from './format.js';

/** Larger interim files are not read for this. */
const MAX_BYTES = 400_000_000;
/** Documents between two reports: some seconds, when they are long. */
const BLOCK_TEXTS = 500;

/** What {@link countCutAnswers} takes. */
export interface CutAnswersInput {
  model: ArtifactRef;
  retrieval: ArtifactRef;
  part: Part;
  /** Tokens a text, special tokens included. */
  maxSequenceLength: number;
  /** Stands before every passage. */
  passagePrompt: string;
  lowerCase: boolean;
  /** Called after each block of documents with what is going on. */
  onProgress?: ((note: string) => void) | undefined;
}

/** Documents of a part and those whose true answer is cut; or that the part is too large to count them. */
export type CutAnswers = { documents: number; cut: number } | 'too large';

/** Counts the documents of a part whose true answer is cut; undefined when the part was not made from pairs. */
export async function countCutAnswers(
  store: ArtifactStore,
  { model, retrieval, part, maxSequenceLength, passagePrompt, lowerCase, onProgress }: CutAnswersInput,
): Promise<CutAnswers | undefined> {
  const { blobs } = await readArtifact(store, retrieval);
  const interim = blobs[`interim/${part}.json`];
  const set = blobs[`${part}.json`];
  if (!interim || !set) return undefined;
  if (interim.bytes > MAX_BYTES) return 'too large';
  const pairs = Object.values(JSON.parse((await store.readBlob(interim)).toString('utf8')) as Record<string, Pair>);
  const beginnings = await untilAnswersEnd(await store.blobPath(set), pairs);
  const tokenizer = await openStoredTokenizer(store, (await readArtifact(store, model)).blobs);
  let cut = 0;
  for (let begin = 0; begin < beginnings.length; begin += BLOCK_TEXTS) {
    const texts = beginnings.slice(begin, begin + BLOCK_TEXTS).map((text) => passagePrompt + text);
    cut += tokenizer.encode(lowerCase ? texts.map((text) => text.toLowerCase()) : texts, maxSequenceLength).cut;
    const done = Math.min(begin + BLOCK_TEXTS, beginnings.length);
    onProgress?.(`cut answers of the ${part} part, ${count(done)} of ${count(beginnings.length)} documents`);
    await setImmediate();
  }
  return { documents: beginnings.length, cut };
}

interface Pair {
  Question: string;
  Reference: string;
}

/** Each document that a question of the pairs points to, up to the end of the answer. */
async function untilAnswersEnd(path: string, pairs: readonly Pair[]): Promise<string[]> {
  const { queries, corpus, relevant_docs } = await readRetrievalSet(path);
  const documentsOf = new Map(Object.entries(queries).map(([id, text]) => [text, relevant_docs[id] ?? []]));
  const beginnings = new Map<string, string>();
  for (const { Question, Reference } of pairs) {
    for (const id of documentsOf.get(Question) ?? []) {
      const at = corpus[id]?.indexOf(Reference) ?? -1;
      if (at < 0 || beginnings.has(id)) continue;
      beginnings.set(id, corpus[id]!.slice(0, at + Reference.length));
      break;
    }
  }
  return [...beginnings.values()];
}

async function openStoredTokenizer(store: ArtifactStore, blobs: Record<string, BlobRef>) {
  const folder = await store.temporaryPath('tokenizer');
  const files = Object.entries(blobs).filter(([name]) => /^tokenizer(_config)?\.json$/.test(name));
  try {
    await materialize(store, Object.fromEntries(files), folder);
    return await openTokenizer(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
