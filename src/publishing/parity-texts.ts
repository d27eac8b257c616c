// The run's own texts for the parity check: questions and documents of the test part, and of the training part when those are few,
// each with its prompt and with the token ids that the model was trained and evaluated on.
import { readArtifact } from '../artifacts/artifact.js';
import type { ArtifactStore } from '../artifacts/store.js';
import { readRetrievalSet } from '../dataset/retrieval-set.js';
import type { PublishInput } from '../spec/publishing-stages.js';
import type { Part } from '../spec/stages.js';
import { joinTexts, packRows, type TokenizedTexts } from '../text/tokenized-texts.js';
import { readTokens } from '../text/tokenize.js';
import type { ParityTexts } from './parity.js';

const ENOUGH_TEXTS = 64;

/** How texts were prepared before they reached the tokenizer. */
export interface TextPreparation {
  prompts: { query: string; passage: string };
  /** True when they were lower-cased. */
  lowerCase: boolean;
}

/** Texts and token ids, the test part first. */
export async function parityTexts(
  store: ArtifactStore,
  { retrieval, tokens }: Pick<PublishInput, 'retrieval' | 'tokens'>,
  { prompts, lowerCase }: TextPreparation,
): Promise<ParityTexts> {
  const { blobs } = await readArtifact(store, retrieval);
  const texts: string[] = [];
  const blocks: TokenizedTexts[] = [];
  const prepare = (text: string): string => (lowerCase ? text.toLowerCase() : text);
  for (const part of ['test', 'train'] satisfies Part[]) {
    const blob = blobs[`${part}.json`];
    if (!blob || texts.length >= ENOUGH_TEXTS) continue;
    const set = await readRetrievalSet(await store.blobPath(blob));
    const { queries, documents } = await readTokens(store, tokens, part);
    texts.push(...Object.values(set.queries).map((text) => prepare(prompts.query + text)));
    texts.push(...Object.values(set.corpus).map((text) => prepare(prompts.passage + text)));
    blocks.push(queries, documents);
  }
  return { texts, tokens: blocks.length > 0 ? joinTexts(blocks) : packRows([]) };
}
