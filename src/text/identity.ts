// Which texts are the same to the model: those with the same token ids (case and what was cut off do not count), and a question that
// says the same as a passage. The no-duplicates sampler never puts two of one identity into a batch.
import { createHash } from 'node:crypto';
import { textAt, textCount, type TokenizedTexts } from './tokenized-texts.js';

/** Texts before their prompts, and their token ids with them. */
export interface IdentitySource {
  texts: readonly string[];
  tokens: TokenizedTexts;
  /** Token ids are only compared under one prompt. */
  prompt: string;
}

/** A number for each text of each list, equal where the texts are the same; numbered in order of first meeting. */
export function textIdentities(lists: readonly IdentitySource[]): Int32Array[] {
  const byTokens = new Map<string, number>();
  const byText = new Map<string, number>();
  let next = 0;
  return lists.map(({ texts, tokens, prompt }) => {
    const identities = new Int32Array(textCount(tokens));
    for (let i = 0; i < identities.length; i++) {
      const text = texts[i] ?? '';
      const key = tokenKey(prompt, textAt(tokens, i));
      const identity = byTokens.get(key) ?? byText.get(text) ?? next++;
      byTokens.set(key, identity);
      if (!byText.has(text)) byText.set(text, identity);
      identities[i] = identity;
    }
    return identities;
  });
}

function tokenKey(prompt: string, ids: Int32Array): string {
  const bytes = new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength);
  return createHash('sha256').update(prompt).update('\0').update(bytes).digest('base64');
}
