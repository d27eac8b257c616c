// A retrieval set: questions, documents and which answers which, in the JSON of LlamaIndex's EmbeddingQAFinetuneDataset
// (https://docs.llamaindex.ai/en/stable/api_reference/evaluation/ , `save_json`/`from_json`), readable there as it is.
// Written one entry a line, so that a file larger than a JavaScript string can be read line by line.
import { readFile, stat } from 'node:fs/promises';
import { errorMessage, FinalError } from '../errors.js';
import { kindOf, readLines } from './json-lines.js';

/** Questions, documents, and by question the ids of its documents; ids are free text. */
export interface RetrievalSet {
  queries: Record<string, string>;
  corpus: Record<string, string>;
  relevant_docs: Record<string, string[]>;
  mode: 'text';
}

type Entries<T> = Iterable<[string, T]> | AsyncIterable<[string, T]>;

/** The sections of a retrieval set, each read once, in this order. */
export interface RetrievalSections {
  queries: Entries<string>;
  corpus: Entries<string>;
  relevant_docs: Entries<string[]>;
}

/** Larger files are read line by line; V8's longest string has about 536 million characters. */
const MAX_PARSED_BYTES = 400_000_000;
const SECTIONS = ['queries', 'corpus', 'relevant_docs'] as const;

/** The file's text, in pieces: the same sections give the same bytes. */
export async function* retrievalJson(sections: RetrievalSections): AsyncGenerator<string> {
  yield '{';
  for (const name of SECTIONS) {
    yield `"${name}": {`;
    let separator = '\n';
    for await (const [id, value] of sections[name]) {
      yield `${separator}${JSON.stringify(id)}: ${JSON.stringify(value)}`;
      separator = ',\n';
    }
    yield '\n},\n';
  }
  yield '"mode": "text"}\n';
}

/** The sections of a set in memory, in the order of its keys. */
export function sectionsOf(set: RetrievalSet): RetrievalSections {
  return {
    queries: Object.entries(set.queries),
    corpus: Object.entries(set.corpus),
    relevant_docs: Object.entries(set.relevant_docs),
  };
}

/**
 * Reads a retrieval set.
 *
 * @param label The file's name, for messages.
 * @throws FinalError `InvalidData` for broken JSON or other keys and types than LlamaIndex writes.
 */
export async function readRetrievalSet(path: string, label = path): Promise<RetrievalSet> {
  if ((await stat(path)).size > MAX_PARSED_BYTES) return readByLines(path, label);
  let value: unknown;
  try {
    value = JSON.parse((await readFile(path, 'utf8')).replace(/^\uFEFF/, ''));
  } catch (error) {
    const position = /at position \d+/.exec(errorMessage(error))?.[0];
    throw new FinalError(
      'InvalidData',
      `dataset: ${label}: broken JSON${position === undefined ? '' : ` ${position}`}`,
    );
  }
  return checkRetrievalSet(value, label);
}

/** Checks keys and types; a missing `mode` is `text`, further keys are passed over. */
export function checkRetrievalSet(value: unknown, label: string): RetrievalSet {
  const refuse = (rule: string): never => {
    throw new FinalError(
      'InvalidData',
      `dataset: ${label}: ${rule}. An EmbeddingQAFinetuneDataset is {"queries": {id: text}, "corpus": {id: text}, "relevant_docs": {id: [id]}, "mode": "text"}.`,
    );
  };
  if (!isObject(value)) return refuse('an object is needed');
  for (const name of SECTIONS) {
    const section = value[name];
    if (!isObject(section))
      return refuse(`${name} must be an object, got ${section === undefined ? 'nothing' : typeof section}`);
    for (const [id, entry] of Object.entries(section)) {
      const isSound =
        name === 'relevant_docs'
          ? Array.isArray(entry) && entry.every((item) => typeof item === 'string')
          : typeof entry === 'string';
      if (!isSound) {
        const needed = name === 'relevant_docs' ? 'a list of ids' : 'text';
        refuse(`${name} of ${JSON.stringify(id)} must be ${needed}, got ${kindOf(entry)}`);
      }
    }
  }
  if (value['mode'] !== undefined && value['mode'] !== 'text')
    refuse(`mode must be "text", got ${typeof value['mode'] === 'string' ? 'another' : kindOf(value['mode'])}`);
  const { queries, corpus, relevant_docs } = value as unknown as RetrievalSet;
  return { queries, corpus, relevant_docs, mode: 'text' };
}

/** Reads what {@link retrievalJson} wrote, of any size. */
export async function readByLines(path: string, label: string): Promise<RetrievalSet> {
  const set: Record<(typeof SECTIONS)[number], Record<string, unknown>> = {
    queries: {},
    corpus: {},
    relevant_docs: {},
  };
  let section: (typeof SECTIONS)[number] | undefined;
  for await (const batch of readLines(path, label)) {
    for (const { text, line } of batch) {
      const opened = /^\{?"(queries|corpus|relevant_docs)": \{$/.exec(text)?.[1];
      if (opened !== undefined) section = opened as (typeof SECTIONS)[number];
      else if (section !== undefined && text.startsWith('"') && text !== '"mode": "text"}') {
        try {
          Object.assign(set[section], JSON.parse(`{${text.replace(/,$/, '')}}`));
        } catch {
          throw new FinalError(
            'InvalidData',
            `dataset: ${label}, line ${line}: a file of more than ${MAX_PARSED_BYTES} bytes must have one entry a line, as this program writes it`,
          );
        }
      }
    }
  }
  return checkRetrievalSet(set, label);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
