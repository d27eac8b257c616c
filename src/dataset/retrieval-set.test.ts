import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chunked } from './json-lines.js';
import {
  checkRetrievalSet,
  readByLines,
  readRetrievalSet,
  retrievalJson,
  sectionsOf,
  type RetrievalSet,
} from './retrieval-set.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retrieval-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const set: RetrievalSet = {
  queries: { q1: 'What "is"\nit?', 'q"2': 'mode' },
  corpus: { d1: 'It is \u2028 this.', constructor: 'x', mode: 'text' },
  relevant_docs: { q1: ['d1'], 'q"2': ['constructor', 'mode'] },
  mode: 'text',
};
const save = async (value: RetrievalSet): Promise<string> => {
  const path = join(folder, 'set.json');
  const chunks: Buffer[] = [];
  for await (const chunk of chunked(retrievalJson(sectionsOf(value)))) chunks.push(chunk);
  await writeFile(path, Buffer.concat(chunks));
  return path;
};

describe('a retrieval set', () => {
  it('is JSON with exactly the keys and types of EmbeddingQAFinetuneDataset, and comes back as it was', async () => {
    const path = await save(set);
    const json: unknown = JSON.parse(await readFile(path, 'utf8'));
    expect(json).toEqual(set);
    expect(Object.keys(json as object)).toEqual(['queries', 'corpus', 'relevant_docs', 'mode']);
    expect(await readRetrievalSet(path)).toEqual(set);
  });

  it('that is too large to be parsed at once is read line by line to the same', async () => {
    expect(await readByLines(await save(set), 'set.json')).toEqual(set);
    const empty: RetrievalSet = { queries: {}, corpus: {}, relevant_docs: {}, mode: 'text' };
    expect(await readByLines(await save(empty), 'set.json')).toEqual(empty);
  });

  it('may lack its mode, and have further keys', () => {
    const { mode: _, ...rest } = set;
    expect(checkRetrievalSet({ ...rest, extra: 1 }, 'f')).toEqual(set);
  });

  it.each([
    [[], /f: an object is needed/],
    [{ ...set, corpus: undefined }, /f: corpus must be an object, got nothing/],
    [{ ...set, queries: { q: 5 } }, /queries of "q" must be text, got a number/],
    [
      { ...set, relevant_docs: { q1: 'd1' } },
      /relevant_docs of "q1" must be a list of ids, got a text of 2 characters/,
    ],
    [{ ...set, mode: 'image' }, /mode must be "text", got another/],
  ])('that is none is told: %#', (value, message) => {
    expect(() => checkRetrievalSet(value, 'f')).toThrow(message);
  });

  it('that is broken JSON is told', async () => {
    const path = join(folder, 'broken.json');
    await writeFile(path, '{"queries": ');
    await expect(readRetrievalSet(path, 'broken.json')).rejects.toThrow(/dataset: broken\.json: broken JSON/);
  });
});
