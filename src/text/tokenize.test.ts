import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TrainingFixture } from '../../test/support/training-fixture.js';
import type { ArtifactRef } from '../spec/stages.js';
import { textAt, textCount } from './tokenized-texts.js';
import { readTokens, tokenBlobs, tokenizeRetrieval, type TokenizeInput } from './tokenize.js';

let fixture: TrainingFixture;
beforeEach(async () => {
  fixture = await TrainingFixture.create();
});
afterEach(() => fixture.remove());

function input(overrides: Partial<TokenizeInput> = {}): TokenizeInput {
  const { model, retrieval } = fixture;
  return { model, retrieval, prompts: { query: '', passage: '' }, maxSequenceLength: 16, ...overrides };
}

async function putRetrieval(key: string, set: unknown): Promise<ArtifactRef> {
  const blob = await fixture.store.putBytes(Buffer.from(JSON.stringify(set)));
  await fixture.store.createRecord('retrieval', key, { blobs: { 'train.json': blob }, facts: {} });
  return { kind: 'retrieval', key };
}

describe('tokenizeRetrieval', () => {
  it('keeps every part’s ids in the order of the keys, with the documents of each question', async () => {
    const tokens = await tokenizeRetrieval(input(), fixture.context());
    const { queries, documents, relevant } = await readTokens(fixture.store, tokens, 'train');
    expect(textCount(queries)).toBe(14);
    expect([...textAt(queries, 1)]).toEqual([2, 6, 12, 3]);
    expect([...textAt(documents, 0)]).toEqual([2, 5, 8, 5, 3]);
    expect(relevant.map((of) => [...of]).slice(0, 3)).toEqual([[0], [0], [2]]);
    expect(textCount((await readTokens(fixture.store, tokens, 'test')).queries)).toBe(3);
    expect(tokens.facts.parts.train).toMatchObject({ queries: 14, documents: 14, pairs: 14, queryTokens: 56 });
  });

  it('puts the prompts before the texts and counts what it cut, by questions and passages', async () => {
    const tokens = await tokenizeRetrieval(
      input({ prompts: { query: 'word9 ', passage: '' }, maxSequenceLength: 4 }),
      fixture.context(),
    );
    const { queries, documents } = await readTokens(fixture.store, tokens, 'train');
    expect([...textAt(queries, 1)]).toEqual([2, 14, 6, 3]);
    expect([...textAt(documents, 1)]).toEqual([2, 6, 19, 3]);
    expect(tokens.facts.parts.train?.cut).toEqual({ queries: 14, documents: 14 });
  });

  it('reports its progress, and finds its result the next time', async () => {
    const context = fixture.context();
    const first = await tokenizeRetrieval(input(), context);
    expect(context.reported.at(-1)).toMatchObject({ stage: 'tokenize', unit: 'texts', done: 34, total: 34 });
    const again = fixture.context();
    expect(await tokenizeRetrieval(input(), again)).toEqual(first);
    expect(again.reported).toEqual([]);
  });

  it('stops when it is asked to', async () => {
    await expect(tokenizeRetrieval(input(), fixture.context(AbortSignal.abort(new Error('stop'))))).rejects.toThrow(
      'stop',
    );
  });

  it('has the same training blobs for the same training part, whatever the test part is', async () => {
    const set = {
      queries: { a: 'word1' },
      corpus: { x: 'word2' },
      relevant_docs: { a: ['x'] },
      mode: 'text',
    };
    const one = await tokenizeRetrieval(input({ retrieval: await putRetrieval('one', set) }), fixture.context());
    const same = { ...set, queries: { other: 'WORD1' }, relevant_docs: { other: ['x'] } };
    const two = await tokenizeRetrieval(input({ retrieval: await putRetrieval('two', same) }), fixture.context());
    expect(tokenBlobs(one, 'train')).toEqual(tokenBlobs(two, 'train'));
    expect(Object.keys(tokenBlobs(one, 'train'))).toHaveLength(4);
  });

  it('calls texts equal that are the same to the model, also a question that says the same as a passage', async () => {
    const retrieval = await putRetrieval('same', {
      queries: { a: 'word1', b: 'Word1', c: 'word2', d: 'word3' },
      corpus: { x: 'word2', y: 'word9 word1 word5', z: 'word9 word1 word7', w: 'word3 word3' },
      relevant_docs: { a: ['x'], b: ['y'], c: ['z'], d: ['w'] },
      mode: 'text',
    });
    const identities = async (overrides: Partial<TokenizeInput>): Promise<number[][]> => {
      const tokens = await tokenizeRetrieval(input({ retrieval, ...overrides }), fixture.context());
      const part = await readTokens(fixture.store, tokens, 'train');
      return [[...part.queryIdentities], [...part.documentIdentities]];
    };
    expect(await identities({})).toEqual([
      [0, 0, 1, 2],
      [1, 3, 4, 5],
    ]);
    // y and z differ only in what is cut off; prompts do not hide that c and x say the same.
    expect(await identities({ maxSequenceLength: 5, prompts: { query: 'word0 ', passage: 'word4 ' } })).toEqual([
      [0, 0, 1, 2],
      [1, 3, 3, 4],
    ]);
  });

  it('names the document that is not there', async () => {
    const retrieval = await putRetrieval('broken', {
      queries: { a: 'word1' },
      corpus: { x: 'word2' },
      relevant_docs: { a: ['nowhere'] },
      mode: 'text',
    });
    await expect(tokenizeRetrieval(input({ retrieval }), fixture.context())).rejects.toMatchObject({
      type: 'InvalidData',
      message: expect.stringMatching(/"nowhere".*"a"/),
    });
  });

  it('says that a part is not there', async () => {
    const tokens = await tokenizeRetrieval(input(), fixture.context());
    await expect(readTokens(fixture.store, tokens, 'validation')).rejects.toThrow(/no validation part/);
  });
});
