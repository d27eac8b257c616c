// Corpus: documents, questions and judgements of every part. A document is an answer, or an answer mixed with `corpusCount` random
// other answers of the same part, shuffled and joined with nothing between. Answers that differ in white space alone are one, written as
// the first of them is. Everything follows from content and dataset.seed.
import { readArtifact, remember } from '../artifacts/artifact.js';
import type { StageContext } from '../artifacts/stage-context.js';
import type { BlobRef } from '../artifacts/store.js';
import { isReadyDataset } from '../spec/spec.js';
import type { CorpusInput, CorpusResult } from '../spec/preparation-stages.js';
import type { Part } from '../spec/stages.js';
import { contentId, drawsOf, hashKey } from './content-hash.js';
import { PARTS } from './decide-parts.js';
import { chunked } from './json-lines.js';
import { Spellings, type ReadPairs } from './one-spelling.js';
import { readPairs } from './pairs.js';
import { makeReadyParts } from './ready.js';
import { retrievalJson } from './retrieval-set.js';
import type { SplitFacts } from './split.js';

const VERSION = 2;

/** Facts of a `retrieval` artifact; its blobs are `<part>.json` and, when it was made from pairs, `interim/<part>.json`. */
export interface RetrievalFacts {
  parts: CorpusResult['parts'];
  warnings: string[];
  [key: string]: unknown;
}

/**
 * Builds the retrieval files (see retrieval-set.ts) and the interim files `{"0": {"Question": …, "Reference": …}, …}`.
 *
 * Equal answers share one document (also when their white space differs, which would make each count as a wrong answer to the other's
 * question), and equal questions are one query with several documents.
 *
 * @throws FinalError `InvalidData` for ready files that are broken or leave a part empty.
 */
export async function buildCorpus(input: CorpusInput, context: StageContext): Promise<CorpusResult> {
  const { dataset, from, keep } = input;
  const settings = isReadyDataset(dataset)
    ? { ready: true, carve: keep === 'best' && dataset.validation === undefined }
    : { corpusCount: dataset.corpusCount, seed: dataset.corpusCount > 0 ? dataset.seed : null };
  const { kind, key, blobs, facts } = await remember<RetrievalFacts>({
    store: context.store,
    kind: 'retrieval',
    version: VERSION,
    inputs: { from: from.key, ...settings },
    make: () =>
      settings.ready !== undefined
        ? makeReadyParts(from, settings.carve, context)
        : makeParts(from, { corpusCount: settings.corpusCount, seed: settings.seed ?? 0 }, context),
  });
  for (const warning of facts.warnings) context.warn(warning);
  return {
    artifact: { kind, key },
    parts: facts.parts,
    trainSha256: blobs['train.json']?.sha256 ?? '',
    warnings: facts.warnings,
  };
}

interface Mixing {
  corpusCount: number;
  seed: number;
}

async function makeParts(
  from: CorpusInput['from'],
  mixing: Mixing,
  context: StageContext,
): Promise<{ blobs: Record<string, BlobRef>; facts: RetrievalFacts }> {
  const split = await readArtifact<SplitFacts>(context.store, from);
  const blobs: Record<string, BlobRef> = {};
  const facts: RetrievalFacts = { parts: {}, warnings: [] };
  for (const part of PARTS) {
    const pairs = split.blobs[`${part}.jsonl`];
    if (!pairs) continue;
    const path = await context.store.blobPath(pairs);
    const spellings = new Spellings(split.facts.parts[part] ?? 0);
    blobs[`interim/${part}.json`] = await context.store.putBytes(chunked(interimJson(path, spellings)));
    const read = await spellings.reader(path);
    const documents = await openDocuments(read, mixing);
    if (mixing.corpusCount > 0 && documents.answers.length <= mixing.corpusCount) {
      facts.warnings.push(
        `dataset.corpusCount: the ${part} part has ${documents.answers.length} answers, so that its documents mix all of them instead of ${mixing.corpusCount + 1}.`,
      );
    }
    const counts = { queries: 0, documents: 0, pairs: 0 };
    const sections = {
      queries: queriesOf(read, counts),
      corpus: documentsOf(read, documents, counts),
      relevant_docs: relevantOf(read, documents, counts),
    };
    blobs[`${part}.json`] = await context.store.putBytes(
      chunked(watched(retrievalJson(sections), part, split.facts, context)),
    );
    facts.parts[part] = counts;
  }
  return { blobs, facts };
}

interface Documents {
  /** Different answers in order of their first pair; empty when documents are answers alone. */
  answers: string[];
  textOf(answer: string): string;
  idOf(answer: string): string;
}

async function openDocuments(read: ReadPairs, { corpusCount, seed }: Mixing): Promise<Documents> {
  if (corpusCount === 0)
    return { answers: [], textOf: (answer) => answer, idOf: (answer) => contentId('document', answer) };
  const answers: string[] = [];
  const places = new Map<string, number>();
  const ids = new Map<number, string>();
  for await (const batch of read()) {
    for (const { answer } of batch) {
      const key = hashKey(answer);
      if (places.has(key)) continue;
      places.set(key, answers.length);
      answers.push(answer);
    }
  }
  const textOf = (answer: string): string =>
    mixed(answer, places.get(hashKey(answer)) ?? 0, answers, corpusCount, seed);
  const idOf = (answer: string): string => {
    const place = places.get(hashKey(answer)) ?? 0;
    const id = ids.get(place) ?? contentId('document', textOf(answer));
    ids.set(place, id);
    return id;
  };
  return { answers, textOf, idOf };
}

/** The answer and `count` others, drawn without repetition and shuffled (Fisher–Yates) by draws that follow from seed and answer. */
function mixed(answer: string, own: number, answers: readonly string[], count: number, seed: number): string {
  const draws = drawsOf(`${seed}\n${answer}`);
  draws.next(0);
  const others = Math.min(count, answers.length - 1);
  const chosen = new Set<number>([own]);
  if (others === answers.length - 1) for (let index = 0; index < answers.length; index++) chosen.add(index);
  while (chosen.size < others + 1) chosen.add(draws.next(answers.length).value);
  const order = [...chosen];
  for (let index = order.length - 1; index > 0; index--) {
    const other = draws.next(index + 1).value;
    [order[index], order[other]] = [order[other] ?? 0, order[index] ?? 0];
  }
  return order.map((place) => answers[place] ?? '').join('');
}

type Counts = { queries: number; documents: number; pairs: number };

async function* queriesOf(read: ReadPairs, counts: Counts): AsyncGenerator<[string, string]> {
  const seen = new Set<string>();
  for await (const batch of read()) {
    for (const { question } of batch) {
      const id = contentId('query', question);
      if (seen.has(id)) continue;
      seen.add(id);
      counts.queries++;
      yield [id, question];
    }
  }
}

async function* documentsOf(read: ReadPairs, documents: Documents, counts: Counts): AsyncGenerator<[string, string]> {
  const seen = new Set<string>();
  for await (const batch of read()) {
    for (const { answer } of batch) {
      const id = documents.idOf(answer);
      if (seen.has(id)) continue;
      seen.add(id);
      counts.documents++;
      yield [id, documents.textOf(answer)];
    }
  }
}

async function* relevantOf(read: ReadPairs, documents: Documents, counts: Counts): AsyncGenerator<[string, string[]]> {
  // One id is kept bare: most questions have one document, and a million lists would double the memory.
  const relevant = new Map<string, string | Set<string>>();
  for await (const batch of read()) {
    for (const { question, answer } of batch) {
      const query = contentId('query', question);
      const document = documents.idOf(answer);
      const there = relevant.get(query);
      if (there === undefined) relevant.set(query, document);
      else if (typeof there !== 'string') there.add(document);
      else if (there !== document) relevant.set(query, new Set([there, document]));
    }
  }
  for (const [query, ids] of relevant) {
    const list = typeof ids === 'string' ? [ids] : [...ids];
    counts.pairs += list.length;
    yield [query, list];
  }
}

async function* interimJson(path: string, spellings: Spellings): AsyncGenerator<string> {
  let index = 0;
  for await (const batch of readPairs(path)) {
    for (const { question, answer } of batch) {
      spellings.see(answer);
      yield `${index === 0 ? '{' : ',\n'}"${index}": ${JSON.stringify({ Question: question, Reference: answer })}`;
      index++;
    }
  }
  yield index === 0 ? '{}\n' : '}\n';
}

/** Passes texts on; reports about once ten thousand, and stops when the stage is told to. */
async function* watched(
  texts: AsyncGenerator<string>,
  part: Part,
  { parts }: SplitFacts,
  context: StageContext,
): AsyncGenerator<string> {
  // A set has three entries a pair: its question, its document, its judgement.
  const total = 3 * (parts[part] ?? 0);
  let done = 0;
  for await (const text of texts) {
    if (++done % 10_000 === 0) {
      context.signal.throwIfAborted();
      context.progress({ stage: 'corpus', done: Math.min(done, total), total, unit: 'rows', note: part });
    }
    yield text;
  }
}
