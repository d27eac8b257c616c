// The tokenize stage: token ids of every part's questions and passages, with their prompts, cut to the model's length. The `tokens`
// artifact is all that training and evaluation read; texts are needed again for the report alone.
// Blobs by part: queries, documents (token ids), relevant (documents of each question), identity (questions, then documents).
import { readArtifact, remember, materialize, type Artifact } from '../artifacts/artifact.js';
import type { StageContext } from '../artifacts/stage-context.js';
import type { ArtifactStore, BlobRef } from '../artifacts/store.js';
import { rm } from 'node:fs/promises';
import { readRetrievalSet, type RetrievalSet } from '../dataset/retrieval-set.js';
import { FinalError } from '../errors.js';
import type { ArtifactRef, Part } from '../spec/stages.js';
import { textIdentities } from './identity.js';
import {
  decodeTexts,
  encodeTexts,
  joinTexts,
  packRows,
  textAt,
  textCount,
  type TokenizedTexts,
} from './tokenized-texts.js';
import { openTokenizer, type Tokenizer } from './tokenizer.js';

const VERSION = 1;
const PARTS: readonly Part[] = ['train', 'validation', 'test'];
/** Texts between two reports (and two chances for a message to come in). */
const BLOCK_TEXTS = 500;

/** Input of {@link tokenizeRetrieval}; prompts and length as they are used, with defaults filled in. */
export interface TokenizeInput {
  model: ArtifactRef;
  retrieval: ArtifactRef;
  prompts: { query: string; passage: string };
  /** Tokens a text, special tokens included. */
  maxSequenceLength: number;
  /** Texts are lower-cased before the tokenizer sees them (`do_lower_case` of sentence_bert_config.json). */
  lowerCase?: boolean;
}

/** Counts of one part. */
export interface TokensOfPart {
  queries: number;
  documents: number;
  pairs: number;
  queryTokens: number;
  documentTokens: number;
  /** Texts that were longer than the model takes. */
  cut: { queries: number; documents: number };
}

/** Facts of a `tokens` artifact. */
export interface TokensFacts {
  parts: Partial<Record<Part, TokensOfPart>>;
  maxSequenceLength: number;
  vocabularySize: number;
  /** The largest id that any text has. */
  largestId: number;
}

/** One part's token ids; all lists in the order of the retrieval file's keys. */
export interface TokensPart {
  queries: TokenizedTexts;
  documents: TokenizedTexts;
  /** By question: the indices of its documents. */
  relevant: Int32Array[];
  /** Equal numbers stand for equal texts, over questions and documents alike. */
  queryIdentities: Int32Array;
  documentIdentities: Int32Array;
}

/**
 * Tokenizes every part of a retrieval set.
 *
 * @throws FinalError `UnsupportedModel` without a tokenizer, `InvalidSpec` when the length leaves no room for text, `InvalidData` when a
 * question names a document that is not there.
 */
export async function tokenizeRetrieval(
  { model, retrieval, prompts, maxSequenceLength, lowerCase = false }: TokenizeInput,
  context: StageContext,
): Promise<Artifact<TokensFacts>> {
  const { store } = context;
  const folder = await readArtifact(store, model);
  const sets = await readArtifact(store, retrieval);
  const tokenizerBlobs = pick(folder.blobs, ['tokenizer.json', 'tokenizer_config.json']);
  const files = pick(
    sets.blobs,
    PARTS.map((part) => `${part}.json`),
  );
  return remember<TokensFacts>({
    store,
    kind: 'tokens',
    version: VERSION,
    inputs: { tokenizer: tokenizerBlobs, files, prompts, maxSequenceLength, lowerCase },
    make: async () => {
      const tokenizer = await openStoredTokenizer(store, tokenizerBlobs);
      const parts = new Map<Part, RetrievalSet>();
      for (const part of PARTS) {
        const file = files[`${part}.json`];
        if (file) parts.set(part, await readRetrievalSet(await store.blobPath(file)));
      }
      const report = reporter(
        context,
        [...parts.values()].reduce((sum, set) => sum + countTexts(set), 0),
      );
      const encode = (texts: readonly string[], prompt: string): Promise<Encoded> =>
        encodeBlocks(tokenizer, lowerCase ? texts.map((text) => text.toLowerCase()) : texts, {
          prompt: lowerCase ? prompt.toLowerCase() : prompt,
          maxSequenceLength,
          report,
        });

      const blobs: Record<string, BlobRef> = {};
      const facts: TokensFacts = {
        parts: {},
        maxSequenceLength,
        vocabularySize: tokenizer.vocabularySize,
        largestId: 0,
      };
      for (const [part, set] of parts) {
        const queryTexts = Object.values(set.queries);
        const documentTexts = Object.values(set.corpus);
        const queries = await encode(queryTexts, prompts.query);
        const documents = await encode(documentTexts, prompts.passage);
        const relevant = packRows(relevantIndices(set, part));
        const identities = textIdentities([
          { texts: queryTexts, tokens: queries.texts, prompt: prompts.query },
          { texts: documentTexts, tokens: documents.texts, prompt: prompts.passage },
        ]);
        for (const { ids } of [queries.texts, documents.texts]) {
          facts.largestId = ids.reduce((largest, id) => Math.max(largest, id), facts.largestId);
        }
        blobs[`${part}/queries`] = await store.putBytes(encodeTexts(queries.texts));
        blobs[`${part}/documents`] = await store.putBytes(encodeTexts(documents.texts));
        blobs[`${part}/relevant`] = await store.putBytes(encodeTexts(relevant));
        blobs[`${part}/identity`] = await store.putBytes(encodeTexts(packRows(identities)));
        facts.parts[part] = {
          queries: queryTexts.length,
          documents: documentTexts.length,
          pairs: relevant.ids.length,
          queryTokens: queries.texts.ids.length,
          documentTokens: documents.texts.ids.length,
          cut: { queries: queries.cut, documents: documents.cut },
        };
      }
      return { blobs, facts };
    },
  });
}

/** One part's token ids from a `tokens` artifact. */
export async function readTokens(store: ArtifactStore, ref: ArtifactRef, part: Part): Promise<TokensPart> {
  const { blobs } = await readArtifact<TokensFacts>(store, ref);
  const read = async (name: string): Promise<TokenizedTexts> => {
    const blob = blobs[`${part}/${name}`];
    if (!blob) throw new FinalError('InvalidData', `readTokens: the retrieval set has no ${part} part`);
    return decodeTexts(await store.readBlob(blob));
  };
  const relevant = await read('relevant');
  const identity = await read('identity');
  return {
    queries: await read('queries'),
    documents: await read('documents'),
    relevant: Array.from({ length: textCount(relevant) }, (_, query) => textAt(relevant, query)),
    queryIdentities: textAt(identity, 0),
    documentIdentities: textAt(identity, 1),
  };
}

/** The blobs of a part that training reads: all that the data adds to the weights. */
export function tokenBlobs(artifact: Artifact<TokensFacts>, part: Part): Record<string, BlobRef> {
  return Object.fromEntries(Object.entries(artifact.blobs).filter(([name]) => name.startsWith(`${part}/`)));
}

type Encoded = { texts: TokenizedTexts; cut: number };
type Report = (done: number) => void;

async function encodeBlocks(
  tokenizer: Tokenizer,
  texts: readonly string[],
  { prompt, maxSequenceLength, report }: { prompt: string; maxSequenceLength: number; report: Report },
): Promise<Encoded> {
  const blocks: TokenizedTexts[] = [];
  let cut = 0;
  for (let begin = 0; begin < texts.length; begin += BLOCK_TEXTS) {
    const block = texts.slice(begin, begin + BLOCK_TEXTS).map((text) => prompt + text);
    const encoded = tokenizer.encode(block, maxSequenceLength);
    blocks.push(encoded.texts);
    cut += encoded.cut;
    report(block.length);
    await new Promise(setImmediate); // messages come in between blocks
  }
  return { texts: joinTexts(blocks), cut };
}

function reporter(context: StageContext, total: number): Report {
  let done = 0;
  return (texts) => {
    context.signal.throwIfAborted();
    done += texts;
    context.progress({ stage: 'tokenize', done, total, unit: 'texts' });
  };
}

function relevantIndices(set: RetrievalSet, part: Part): number[][] {
  const indexOf = new Map(Object.keys(set.corpus).map((id, index) => [id, index]));
  return Object.keys(set.queries).map((query) =>
    (set.relevant_docs[query] ?? []).map((id) => {
      const index = indexOf.get(id);
      if (index !== undefined) return index;
      throw new FinalError(
        'InvalidData',
        `relevant_docs of ${part}: every document stands in corpus, got ${JSON.stringify(id)} for question ${JSON.stringify(query)}`,
      );
    }),
  );
}

async function openStoredTokenizer(store: ArtifactStore, blobs: Record<string, BlobRef>): Promise<Tokenizer> {
  const folder = await store.temporaryPath('tokenizer');
  try {
    await materialize(store, blobs, folder);
    return await openTokenizer(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function countTexts(set: RetrievalSet): number {
  return Object.keys(set.queries).length + Object.keys(set.corpus).length;
}

function pick(blobs: Record<string, BlobRef>, names: readonly string[]): Record<string, BlobRef> {
  return Object.fromEntries(names.flatMap((name) => (blobs[name] ? [[name, blobs[name]]] : [])));
}
