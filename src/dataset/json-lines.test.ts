import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readJsonLines, type JsonLine } from './json-lines.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'json-lines-'));
  path = join(folder, 'd.jsonl');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function read(content: string | Buffer): Promise<JsonLine[]> {
  await writeFile(path, content);
  const found: JsonLine[] = [];
  for await (const batch of readJsonLines(path, 'd.jsonl')) found.push(...batch);
  return found;
}

describe('JSON lines', () => {
  it('keep their numbers over blank lines, and end at line feeds alone', async () => {
    expect(await read('\ufeff1\r\n\n"a\u2028b"\n3')).toEqual([
      { value: 1, line: 1 },
      { value: 'a\u2028b', line: 3 },
      { value: 3, line: 4 },
    ]);
  });

  it('longer than a pipe full are put together', async () => {
    const long = 'é'.repeat(400_000);
    expect(await read(`${JSON.stringify(long)}\n2\n`)).toEqual([
      { value: long, line: 1 },
      { value: 2, line: 2 },
    ]);
  });

  it('of more than 64 MiB are refused with their number', async () => {
    const tooLong = Buffer.concat([Buffer.from('1\n'), Buffer.alloc((64 << 20) + (1 << 19), 0x20)]);
    await expect(read(tooLong)).rejects.toMatchObject({
      type: 'InvalidData',
      message: 'dataset: d.jsonl, line 2: a line has at most 67108864 bytes',
    });
  });
});
