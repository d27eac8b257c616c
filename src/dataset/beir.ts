// A BEIR folder's part: corpus.jsonl and queries.jsonl (`_id`, `text`, `title`), qrels/<part>.tsv with or without a header.
// A document is its title and text joined by a space; a judgement above 0 is relevant. Judgements of documents or questions that
// are not there, and questions without any relevant document, are dropped and counted.
// Source: https://github.com/beir-cellar/beir/wiki/Load-your-custom-dataset
import { FinalError } from '../errors.js';
import { kindOf, readJsonLines, readLines } from './json-lines.js';
import type { RetrievalSet } from './retrieval-set.js';

/** Paths of the three files and how messages call them. */
export interface BeirFiles {
  corpus: string;
  queries: string;
  qrels: string;
  label: string;
}

/**
 * Reads a BEIR part as a retrieval set. Judgements are taken as they stand; see ready.ts for what is dropped.
 *
 * @throws FinalError `InvalidData` with the line of what is broken.
 */
export async function readBeir({ corpus, queries, qrels, label }: BeirFiles): Promise<RetrievalSet> {
  // Maps, since an id may be any word, `constructor` too.
  const documents = new Map<string, string>();
  const questions = new Map<string, string>();
  const relevant = new Map<string, string[]>();
  for await (const { id, title, text } of records(corpus, `${label}/corpus.jsonl`)) {
    documents.set(id, [title, text].filter((part) => part.trim() !== '').join(' '));
  }
  for await (const { id, text } of records(queries, `${label}/queries.jsonl`)) questions.set(id, text);
  for await (const { query, document } of relevantLines(qrels, `${label}/qrels`)) {
    const there = relevant.get(query);
    if (there) there.push(document);
    else relevant.set(query, [document]);
  }
  return {
    queries: Object.fromEntries(questions),
    corpus: Object.fromEntries(documents),
    relevant_docs: Object.fromEntries(relevant),
    mode: 'text',
  };
}

async function* records(path: string, label: string): AsyncGenerator<{ id: string; title: string; text: string }> {
  for await (const batch of readJsonLines(path, label)) {
    for (const { value, line } of batch) {
      const { _id: id, text, title } = (value ?? {}) as Record<string, unknown>;
      if ((typeof id !== 'string' && typeof id !== 'number') || typeof text !== 'string') {
        throw new FinalError(
          'InvalidData',
          `dataset: ${label}, line ${line}: {"_id": …, "text": …} is needed, got ${kindOf(value)} without them`,
        );
      }
      yield { id: String(id), title: typeof title === 'string' ? title : '', text };
    }
  }
}

async function* relevantLines(path: string, label: string): AsyncGenerator<{ query: string; document: string }> {
  for await (const batch of readLines(path, label)) {
    for (const { text, line } of batch) {
      const fields = text.split('\t');
      // `query-id corpus-id score`, or TREC's `query-id 0 corpus-id score`.
      const [query, document, score] = fields.length === 4 ? [fields[0], fields[2], fields[3]] : fields;
      const grade = Number(score);
      if (line === 1 && Number.isNaN(grade)) continue;
      if (query === undefined || document === undefined || score === undefined || Number.isNaN(grade)) {
        throw new FinalError(
          'InvalidData',
          `dataset: ${label}, line ${line}: question id, document id and a number, divided by tabs, are needed, got ${fields.length} fields that are not`,
        );
      }
      if (grade > 0) yield { query, document };
    }
  }
}
