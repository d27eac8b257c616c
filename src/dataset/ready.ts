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
import { PairGroups } from './pair-groups.js';
import { readRetrievalSet, retrievalJson, sectionsOf, type RetrievalSet } from './retrieval-set.js';
import type { DatasetSnapshotFacts, ReadyFiles } from './snapshot.js';

/** Share and seed of the validation part that is taken out of ready training data; ready datasets have no settings for them. */
const VALIDATION_RATIO = 0.1;
const VALIDATION_SEED = 42;

/**
 * Retrieval files of ready parts.
 *
 * @param carve Take a validation part out of the training part: documents by hash, with all their questions.
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
      if (carve && Object.keys(set.queries).length > 0) {
        const carved = carveValidation(set);
        facts.warnings.push(...carved.warnings);
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

/**
 * Divides a training set by the groups that its questions and documents make: none of either stands on both sides, and no judgement is lost.
 *
 * @throws FinalError `InvalidData` when one of the sides has no question.
 */
function carveValidation(set: RetrievalSet): { train: RetrievalSet; validation: RetrievalSet; warnings: string[] } {
  const judgements = Object.values(set.relevant_docs).reduce((sum, ids) => sum + ids.length, 0);
  const documents = Object.entries(set.corpus);
  const groups = new PairGroups(documents.length + judgements);
  const drawn = new Uint8Array(documents.length);
  const numbers = new Map<string, number>();
  for (const [id, text] of documents) {
    const normal = normalise(text);
    const number = groups.addAnswer(normal);
    numbers.set(id, number);
    if (hashFraction(`validation\n${VALIDATION_SEED}\n${normal}`) < VALIDATION_RATIO) drawn[number] = 1;
  }
  for (const [query, text] of Object.entries(set.queries)) {
    const question = normalise(text);
    for (const id of set.relevant_docs[query] ?? []) groups.ask(question, numbers.get(id) ?? 0);
  }
  const sides = new Uint8Array(groups.answerCount);
  const { pairs, total } = groups.take(1, VALIDATION_RATIO, sides, drawn);
  const train: RetrievalSet = { queries: {}, corpus: {}, relevant_docs: {}, mode: 'text' };
  const validation: RetrievalSet = { queries: {}, corpus: {}, relevant_docs: {}, mode: 'text' };
  const sideOf = (document: string): RetrievalSet => (sides[numbers.get(document) ?? 0] === 1 ? validation : train);
  for (const [id, text] of documents) sideOf(id).corpus[id] = text;
  for (const [id, text] of Object.entries(set.queries)) {
    const relevant = set.relevant_docs[id] ?? [];
    const side = sideOf(relevant[0] ?? '');
    side.queries[id] = text;
    side.relevant_docs[id] = relevant;
  }
  const most = groups.commonest();
  const why = `${pairs} of ${total} judgements hang together by the questions and documents that they share (one question has ${most.question} documents, one document ${most.answer} questions), more than a tenth has room for`;
  const [asked, held] = [train, validation].map(({ queries }) => Object.keys(queries).length);
  if (asked === 0 || held === 0) {
    throw new FinalError(
      'InvalidData',
      `dataset.train: training.keep "best" without dataset.validation sets a tenth of the training documents apart with their questions, but ${
        pairs > 0 ? why : `that leaves ${asked} questions to train on and ${held} to choose on`
      }. Give dataset.validation, or keep "last".`,
    );
  }
  return { train, validation, warnings: pairs > 0 ? [`dataset.train: ${why}, and so they are all trained on.`] : [] };
}
