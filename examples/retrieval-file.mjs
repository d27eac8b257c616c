// Writes question/answer pairs as LlamaIndex's EmbeddingQAFinetuneDataset JSON: `queries`, `corpus`, `relevant_docs` and
// `mode: "text"`. Ids look like uuids and follow from the text, so the same pairs give the same file, byte for byte.
import { createHash } from 'node:crypto';

/** @typedef {{ question: string, answer: string }} Pair */
/**
 * @typedef {object} RetrievalFile
 * @property {Record<string, string>} queries question texts by id
 * @property {Record<string, string>} corpus document texts by id
 * @property {Record<string, string[]>} relevant_docs ids of the documents that answer a question, by the question's id
 * @property {'text'} mode
 */

/**
 * An id in the form of a uuid, from the first 128 bits of the SHA-256 of a text and of what it is.
 *
 * @param {'query' | 'document'} kind
 * @param {string} text
 * @returns {string}
 */
export function contentId(kind, text) {
  const digest = createHash('sha256').update(`${kind}\n${text}`).digest('hex');
  return digest.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/**
 * Puts pairs into the form of a retrieval file; a question with several answers keeps them all.
 *
 * @param {Iterable<Pair>} pairs
 * @param {Iterable<string>} [otherDocuments] documents that no question asks for
 * @returns {RetrievalFile}
 */
export function retrievalFile(pairs, otherDocuments = []) {
  /** @type {RetrievalFile} */
  const file = { queries: {}, corpus: {}, relevant_docs: {}, mode: 'text' };
  for (const { question, answer } of pairs) {
    const query = contentId('query', question);
    const document = contentId('document', answer);
    file.queries[query] = question;
    file.corpus[document] = answer;
    const relevant = (file.relevant_docs[query] ??= []);
    if (!relevant.includes(document)) relevant.push(document);
  }
  for (const text of otherDocuments) file.corpus[contentId('document', text)] = text;
  return file;
}

/**
 * Brings a question to the form in which two of them count as the same: lower case, letters and digits only.
 *
 * @param {string} question
 * @returns {string}
 */
export function normaliseQuestion(question) {
  return question
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}
