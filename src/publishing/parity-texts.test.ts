import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTestContext, type TestContext } from '../../test/support/stage-context.js';
import { remember } from '../artifacts/artifact.js';
import type { ArtifactRef } from '../spec/stages.js';
import { encodeTexts, packRows, textAt, textCount } from '../text/tokenized-texts.js';
import { parityTexts } from './parity-texts.js';

let context: TestContext;
beforeAll(async () => {
  context = await makeTestContext();
});
afterAll(() => context.remove());

/** A part of questions and documents: text `i` of a list has `1 + i % 50` tokens, all of them `i`. */
async function artifacts(
  part: string,
  questions: number,
  documents: number,
): Promise<{ retrieval: ArtifactRef; tokens: ArtifactRef }> {
  const { store } = context;
  const put = async (kind: string, blobs: Record<string, Uint8Array>): Promise<ArtifactRef> => {
    const refs = Object.fromEntries(
      await Promise.all(
        Object.entries(blobs).map(async ([name, bytes]) => [name, await store.putBytes(bytes)] as const),
      ),
    );
    const inputs = { part, questions, documents };
    const { key } = await remember({
      store,
      kind,
      version: 1,
      inputs,
      make: () => Promise.resolve({ blobs: refs, facts: {} }),
    });
    return { kind, key };
  };
  const named = (prefix: string, count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`${prefix}${i}`, `${prefix.toUpperCase()} ${i}`]));
  const rows = (count: number) =>
    encodeTexts(packRows(Array.from({ length: count }, (_, i) => new Int32Array(1 + (i % 50)).fill(i))));
  const set = { queries: named('q', questions), corpus: named('d', documents), relevant_docs: {}, mode: 'text' };
  return {
    retrieval: await put('retrieval', { [`${part}.json`]: Buffer.from(JSON.stringify(set)) }),
    tokens: await put('tokens', {
      [`${part}/queries`]: rows(questions),
      [`${part}/documents`]: rows(documents),
      [`${part}/relevant`]: encodeTexts(packRows([])),
      [`${part}/identity`]: encodeTexts(packRows([[], []])),
    }),
  };
}

describe('parityTexts', () => {
  it('chooses among 200,000 questions, each text with its own tokens', async () => {
    const input = await artifacts('test', 200_000, 2_000);
    const prompts = { query: 'query: ', passage: 'passage: ' };
    const { texts, tokens } = await parityTexts(context.store, input, { prompts, lowerCase: false });
    expect(texts.length).toBe(48);
    expect(textCount(tokens)).toBe(48);
    texts.forEach((text, at) => {
      const row = textAt(tokens, at);
      expect(text).toMatch(/^(query: Q|passage: D) \d+$/);
      expect([...new Set(row)]).toEqual([Number(text.split(' ').at(-1))]);
    });
    expect(textAt(tokens, 0).length).toBe(1);
    expect(textAt(tokens, 47).length).toBe(50);
    expect(texts.some((text) => text.startsWith('passage'))).toBe(true);
  });

  it('lower-cases prompt and text where the model does, and takes the training part when there is no other', async () => {
    const input = await artifacts('train', 3, 2);
    const prompts = { query: 'Query: ', passage: '' };
    const { texts } = await parityTexts(context.store, input, { prompts, lowerCase: true });
    expect(texts.sort()).toEqual(['d 0', 'd 1', 'query: q 0', 'query: q 1', 'query: q 2']);
  });

  it('gives none when there are no texts', async () => {
    const { texts, tokens } = await parityTexts(context.store, await artifacts('other', 1, 1), {
      prompts: { query: '', passage: '' },
      lowerCase: false,
    });
    expect([texts.length, textCount(tokens)]).toEqual([0, 0]);
  });
});
