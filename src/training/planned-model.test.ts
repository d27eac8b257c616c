import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTestModel, type TestModel } from '../../test/support/random-model.js';
import { makeTestContext, type TestContext } from '../../test/support/stage-context.js';
import { remember } from '../artifacts/artifact.js';
import type { BlobRef } from '../artifacts/store.js';
import { describeBaseModel, type PlannedModel } from './planned-model.js';

let context: TestContext;
let made: TestModel;
let planned: PlannedModel;

beforeAll(async () => {
  context = await makeTestContext();
  made = await makeTestModel(['one two three']);
  const { folder } = made.model;
  const blobs: Record<string, BlobRef> = {};
  for (const name of await readdir(folder, { recursive: true }))
    if ((await stat(join(folder, name))).isFile()) blobs[name] = await context.store.putFile(join(folder, name));
  const make = () => Promise.resolve({ blobs, facts: {} });
  const { kind, key } = await remember({ store: context.store, kind: 'model-folder', version: 1, inputs: {}, make });
  planned = await describeBaseModel(context.store, { kind, key });
});
afterAll(async () => {
  await made.remove();
  await context.remove();
});

describe('describeBaseModel', () => {
  it('estimates the matrix that pools [texts, tokens], which short texts make large', () => {
    const batch = { tokens: 8192, longestText: 32, dropout: { hidden: 0, attention: 0 } };
    const [few, many] = [256, 2048].map((texts) => planned.estimateMb({ ...batch, texts }));
    expect(many! - few!).toBeCloseTo((4 * (2048 - 256) * 8192) / 2 ** 20);
  });
});
