import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTestContext, type TestContext } from '../../test/support/stage-context.js';
import { writeTinyTokenizer } from '../../test/support/tiny-tokenizer.js';
import { remember } from '../artifacts/artifact.js';
import type { ArtifactRef } from '../spec/stages.js';
import { countCutAnswers } from './cut-answers.js';

const DOCUMENTS = 1_200;
let context: TestContext;
let model: ArtifactRef;
let retrieval: ArtifactRef;

async function artifact(kind: string, contents: Record<string, string | Buffer>): Promise<ArtifactRef> {
  const blobs = Object.fromEntries(
    await Promise.all(
      Object.entries(contents).map(
        async ([name, content]) => [name, await context.store.putBytes(Buffer.from(content))] as const,
      ),
    ),
  );
  const make = () => Promise.resolve({ blobs, facts: {} });
  const { key } = await remember({ store: context.store, kind, version: 1, inputs: {}, make });
  return { kind, key };
}

beforeAll(async () => {
  context = await makeTestContext();
  await writeTinyTokenizer(context.folder, ['the answer is iron and nothing else but filling']);
  const [tokenizer, config] = await Promise.all(
    ['tokenizer.json', 'tokenizer_config.json'].map((name) => readFile(join(context.folder, name))),
  );
  model = await artifact('model-folder', { 'tokenizer.json': tokenizer!, 'tokenizer_config.json': config! });
  // The answer stands at the beginning, but in every third document after twelve words of filling.
  const ids = Array.from({ length: DOCUMENTS }, (_, i) => i);
  const answer = 'the answer is iron';
  const text = (i: number): string =>
    i % 3 === 0 ? `${'filling '.repeat(12)}${answer} and nothing else` : `${answer} but ${'filling '.repeat(12)}`;
  retrieval = await artifact('retrieval', {
    'test.json': JSON.stringify({
      queries: Object.fromEntries(ids.map((i) => [`q${i}`, `question ${i}`])),
      corpus: Object.fromEntries(ids.map((i) => [`d${i}`, text(i)])),
      relevant_docs: Object.fromEntries(ids.map((i) => [`q${i}`, [`d${i}`]])),
      mode: 'text',
    }),
    'interim/test.json': JSON.stringify(
      Object.fromEntries(ids.map((i) => [String(i), { Question: `question ${i}`, Reference: answer }])),
    ),
  });
});
afterAll(() => context.remove());

describe('countCutAnswers', () => {
  it('counts the documents whose answer ends past the length, and reports and lets other work run between blocks', async () => {
    const input = {
      model,
      retrieval,
      part: 'test',
      maxSequenceLength: 10,
      passagePrompt: '',
      lowerCase: false,
    } as const;
    const notes: string[] = [];
    let turns = 0;
    let running = true;
    const turn = (): void => {
      if (notes.length > 0) turns++;
      if (running) setImmediate(turn);
    };
    setImmediate(turn);
    const counted = await countCutAnswers(context.store, { ...input, onProgress: (note) => notes.push(note) });
    running = false;
    expect(counted).toEqual({ documents: DOCUMENTS, cut: DOCUMENTS / 3 });
    expect(notes).toEqual(
      ['500', '1,000', '1,200'].map((done) => `cut answers of the test part, ${done} of 1,200 documents`),
    );
    expect(turns).toBeGreaterThanOrEqual(2);
  });
});
