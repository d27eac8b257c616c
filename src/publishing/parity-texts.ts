// The run's own texts for the parity check: questions and documents of the test part, and of the training part when those are few,
// each with its prompt and with the token ids that the model was trained and evaluated on.
import { readArtifact } from '../artifacts/artifact.js';
import type { ArtifactStore } from '../artifacts/store.js';
import { readRetrievalSet } from '../dataset/retrieval-set.js';
import type { PublishInput } from '../spec/publishing-stages.js';
import type { Part } from '../spec/stages.js';
import { joinTexts, packRows, textAt, textCount, type TokenizedTexts } from '../text/tokenized-texts.js';
import { readTokens } from '../text/tokenize.js';
import { PARITY_TEXTS, selectRows, type ParityTexts } from './parity.js';

const ENOUGH_TEXTS = 64;

/** How texts were prepared before they reached the tokenizer. */
export interface TextPreparation {
  prompts: { query: string; passage: string };
  /** True when they were lower-cased. */
  lowerCase: boolean;
}

/** The texts that {@link checkParity} compares, with their token ids: chosen by their tokens, and only those prepared. */
export async function parityTexts(
  store: ArtifactStore,
  { retrieval, tokens }: Pick<PublishInput, 'retrieval' | 'tokens'>,
  { prompts, lowerCase }: TextPreparation,
): Promise<ParityTexts> {
  const { blobs } = await readArtifact(store, retrieval);
  const lists: { prompt: string; texts: string[] }[] = [];
  const blocks: TokenizedTexts[] = [];
  let count = 0;
  for (const part of ['test', 'train'] satisfies Part[]) {
    const blob = blobs[`${part}.json`];
    if (!blob || count >= ENOUGH_TEXTS) continue;
    const set = await readRetrievalSet(await store.blobPath(blob));
    const { queries, documents } = await readTokens(store, tokens, part);
    lists.push({ prompt: prompts.query, texts: Object.values(set.queries) });
    lists.push({ prompt: prompts.passage, texts: Object.values(set.corpus) });
    blocks.push(queries, documents);
    count += textCount(queries) + textCount(documents);
  }
  if (count === 0) return { texts: [], tokens: packRows([]) };
  const all = joinTexts(blocks);
  const chosen = selectRows(all, PARITY_TEXTS);
  const textOf = (row: number): string => {
    let at = row;
    for (const { prompt, texts } of lists) {
      if (at < texts.length) return lowerCase ? (prompt + texts[at]!).toLowerCase() : prompt + texts[at]!;
      at -= texts.length;
    }
    throw new RangeError(`parityTexts: ${count} texts are there, got number ${row}`);
  };
  return { texts: chosen.map(textOf), tokens: packRows(chosen.map((row) => textAt(all, row))) };
}
