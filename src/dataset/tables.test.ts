import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLargeJson } from './tables.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tables-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const read = async (text: string): Promise<unknown[]> => {
  const path = join(folder, `it's large.json`);
  await writeFile(path, text);
  const records: unknown[] = [];
  for await (const batch of readLargeJson({ path, label: 'large.json' })) records.push(...batch);
  return records;
};

describe('a JSON file too large to be parsed at once', () => {
  const records = [...Array(5000).keys()].map((index) => ({ question: `"${index}"\n`, nested: { list: [index] } }));

  it('is streamed in order, as an array or as objects one after the other', async () => {
    expect(await read(JSON.stringify(records, null, 1))).toEqual(records);
    expect(await read(records.map((record) => JSON.stringify(record, null, 1)).join('\n'))).toEqual(records);
    expect(await read(records.map((record) => JSON.stringify(record)).join('\n'))).toEqual(records);
  });

  it('that is broken is told with the record, without the path', async () => {
    const text = JSON.stringify(records);
    const error: unknown = await read(text.slice(0, text.length / 2)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ type: 'InvalidData' });
    expect(String(error)).toMatch(/dataset: large\.json, record \d+: broken JSON/);
    expect(String(error)).not.toContain(folder);
  });
});
