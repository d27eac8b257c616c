// Ready retrieval files (EmbeddingQAFinetuneDataset JSON, BEIR folders): they skip transform, split and corpus, and become the
// same artifact. What cannot be used is dropped, counted and told; texts and ids stay as they are.
import { readArtifact } from '../artifacts/artifact.js';
import type { StageContext } from '../artifacts/stage-context.js';
import type { BlobRef } from '../artifacts/store.js';
import { FinalError } from '../errors.js';
import type { ArtifactRef, Part } from '../spec/stages.js';
import { readBeir } from './beir.js';
import { hashFraction, normalise } from './content-hash.js';
import type { RetrievalFacts } from './corpus.js';
import { chunked } from './json-lines.js';
import { readRetrievalSet, retrievalJson, sectionsOf, type RetrievalSet } from './retrieval-set.js';
import type { DatasetSnapshotFacts, ReadyFiles } from './snapshot.js';

/** Share and seed of the validation part that is taken out of ready training data; ready datasets have no settings for them. */
const VALIDATION_RATIO = 0.1;
const VALIDATION_SEED = 42;

/**
 * Retrieval files of ready parts.
 *
 * @param carve Take a validation part out of the training part, by hash of the documents.
 * @throws FinalError `InvalidData` for broken files and for parts without a usable question.
 */
export async function makeReadyParts(
  from: ArtifactRef,
  carve: boolean,
  context: StageContext,
): Promise<{ blobs: Record<string, BlobRef>; facts: RetrievalFacts }> {
  const snapshot = await readArtifact<DatasetSnapshotFacts>(context.store, from);
  const facts: RetrievalFacts = { parts: {}, warnings: [] };
  const blobs: Record<string, BlobRef> = {};
  const put = async (part: Part, set: RetrievalSet): Promise<void> => {
    const pairs = Object.values(set.relevant_docs).reduce((sum, ids) => sum + ids.length, 0);
    if (pairs === 0) {
      throw new FinalError('InvalidData', `dataset.${part}: no question with a document that answers it`);
    }
    facts.parts[part] = { queries: Object.keys(set.queries).length, documents: Object.keys(set.corpus).length, pairs };
    blobs[`${part}.json`] = await context.store.putBytes(chunked(retrievalJson(sectionsOf(set))));
    context.progress({ stage: 'corpus', done: pairs, total: pairs, unit: 'rows', note: part });
  };
  let trainQuestions = new Set<string>();
  for (const part of ['train', 'validation', 'test'] as const) {
    const files = snapshot.facts.ready?.[part];
    if (!files) continue;
    context.signal.throwIfAborted();
    let set = usable(await readReady(files, snapshot.blobs, part, context), part, facts.warnings);
    if (part === 'train') {
      if (carve) {
        const carved = carveValidation(set);
        await put('validation', carved.validation);
        set = carved.train;
      }
      trainQuestions = new Set(Object.values(set.queries).map(normalise));
    } else {
      const repeated = Object.values(set.queries).filter((question) => trainQuestions.has(normalise(question))).length;
      if (repeated > 0) {
        facts.warnings.push(
          `dataset.${part}: ${repeated} of ${Object.keys(set.queries).length} questions also stand in train.`,
        );
      }
    }
    await put(part, set);
  }
  return { blobs, facts };
}

async function readReady(
  files: ReadyFiles,
  blobs: Record<string, BlobRef>,
  part: Part,
  { store }: StageContext,
): Promise<RetrievalSet> {
  const pathOf = async (name: string): Promise<string> => {
    const ref = blobs[name];
    if (!ref) throw new Error(`readReady: the snapshot has no blob ${name}`);
    return store.blobPath(ref);
  };
  if (files.format === 'llamaindex') return readRetrievalSet(await pathOf(files.file), files.file);
  const [corpus, queries, qrels] = await Promise.all([files.corpus, files.queries, files.qrels].map(pathOf));
  return readBeir({ corpus: corpus ?? '', queries: queries ?? '', qrels: qrels ?? '', label: part });
}

/** The set without what cannot be used; every reason is told with its count. */
function usable(set: RetrievalSet, part: Part, warnings: string[]): RetrievalSet {
  const tell = (count: number, what: string): void => {
    if (count > 0) warnings.push(`dataset.${part}: ${count} ${what}; dropped.`);
  };
  const corpus = Object.fromEntries(Object.entries(set.corpus).filter(([, text]) => text.trim() !== ''));
  tell(Object.keys(set.corpus).length - Object.keys(corpus).length, 'documents are empty');
  const relevant: Record<string, string[]> = {};
  let missingDocuments = 0;
  let missingQuestions = 0;
  for (const [query, ids] of Object.entries(set.relevant_docs)) {
    if (!Object.hasOwn(set.queries, query)) {
      missingQuestions++;
      continue;
    }
    const there = [...new Set(ids)].filter((id) => Object.hasOwn(corpus, id));
    missingDocuments += new Set(ids).size - there.length;
    if (there.length > 0) relevant[query] = there;
  }
  tell(missingQuestions, 'judged questions are not among the questions');
  tell(missingDocuments, 'judgements name a document that is not there');
  const isUsable = ([id, text]: [string, string]): boolean => Object.hasOwn(relevant, id) && text.trim() !== '';
  const queries = Object.fromEntries(Object.entries(set.queries).filter(isUsable));
  tell(Object.keys(set.queries).length - Object.keys(queries).length, 'questions have no document that answers them');
  const relevant_docs = Object.fromEntries(Object.keys(queries).map((id) => [id, relevant[id] ?? []]));
  return { queries, corpus, relevant_docs, mode: 'text' };
}

/** Divides a training set by its documents: none stands on both sides. */
function carveValidation(set: RetrievalSet): { train: RetrievalSet; validation: RetrievalSet } {
  const isHeldOut = (text: string): boolean =>
    hashFraction(`validation\n${VALIDATION_SEED}\n${normalise(text)}`) < VALIDATION_RATIO;
  const train: RetrievalSet = { queries: {}, corpus: {}, relevant_docs: {}, mode: 'text' };
  const validation: RetrievalSet = { queries: {}, corpus: {}, relevant_docs: {}, mode: 'text' };
  for (const [id, text] of Object.entries(set.corpus)) (isHeldOut(text) ? validation : train).corpus[id] = text;
  for (const [id, text] of Object.entries(set.queries)) {
    const documents = set.relevant_docs[id] ?? [];
    const kept = documents.filter((document) => Object.hasOwn(train.corpus, document));
    // A question with documents on both sides trains on those of the training side.
    const side = kept.length > 0 ? train : validation;
    side.queries[id] = text;
    side.relevant_docs[id] = kept.length > 0 ? kept : documents;
  }
  return { train, validation };
}
