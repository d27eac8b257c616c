import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseSpec } from '../spec/parse.js';
import { readSpecFile, resolveSpecPaths } from './spec-file.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spec-file-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const resolved = (input: unknown) => resolveSpecPaths(parseSpec(input), folder);

describe('resolveSpecPaths', () => {
  it('makes paths absolute against the folder, and leaves Hub ids alone', () => {
    const spec = resolved({ model: 'BAAI/bge-small-en-v1.5', dataset: './pairs.jsonl', output: { directory: 'out' } });
    expect(spec.model).toMatchObject({ source: 'BAAI/bge-small-en-v1.5' });
    expect(spec.dataset).toMatchObject({ source: join(folder, 'pairs.jsonl') });
    expect(spec.output.directory).toBe(join(folder, 'out'));
  });

  it('takes what looks like a Hub id for a path when it exists here', async () => {
    await mkdir(join(folder, 'models', 'small'), { recursive: true });
    expect(resolved({ model: 'models/small', dataset: 'owner/name' })).toMatchObject({
      model: { source: join(folder, 'models/small') },
      dataset: { source: 'owner/name' },
    });
  });

  it('resolves the tokenizer of a random model and every ready file', () => {
    const spec = resolved({
      model: { random: { tokenizer: './tok' } },
      dataset: { train: './a.json', test: '../b.json', validation: '/c.json' },
    });
    expect(spec.model).toMatchObject({ random: { tokenizer: join(folder, 'tok') } });
    expect(spec.dataset).toEqual({
      train: join(folder, 'a.json'),
      test: join(folder, '..', 'b.json'),
      validation: '/c.json',
    });
  });

  it('changes nothing the second time', () => {
    const spec = resolved({ model: './m', dataset: { train: './a.json', test: './b.json' } });
    expect(resolveSpecPaths(spec, '/elsewhere')).toEqual(spec);
  });
});

describe('readSpecFile', () => {
  it('names the file and the folder when there is none', async () => {
    await expect(readSpecFile('none.json', folder)).rejects.toMatchObject({
      type: 'SourceNotFound',
      message: `spec: no file none.json can be read in ${folder}`,
    });
  });

  it('says that a file is no JSON', async () => {
    await writeFile(join(folder, 'bad.json'), '{"model": ');
    await expect(readSpecFile('bad.json', folder)).rejects.toThrow(/bad\.json is no JSON/);
  });
});
