import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseSpec } from '../spec/parse.js';
import { demandOwn, demandOwnFolders, type FolderKind } from './own-folder.js';

const SET = '{"queries": {\n"q0": "why"\n},\n';
const PUBLISHED: Record<FolderKind, Record<string, string>> = {
  dataset: { 'retrieval/train.json': SET, 'retrieval/test.json': SET, 'interim/test.json': '[]', 'raw/pairs.csv': '' },
  log: { 'events.out.tfevents.0000000001.temporal-finetune': '' },
  model: {
    'eval/Information-Retrieval_evaluation_results.csv': '',
    'onnx/model_pooled.onnx': '',
    'report.html': '',
    'config.json': '{}',
  },
  comparison: { 'comparison.json': '{}', 'report.html': '' },
};
const KINDS = Object.keys(PUBLISHED) as FolderKind[];

let root: string;
let place: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'own-folder-'));
  place = join(root, 'place');
});
afterEach(() => rm(root, { recursive: true }));

async function fill(files: Record<string, string>, folder = place): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

describe('a place to publish at', () => {
  it.each(KINDS)('for a %s may be free, empty, or what was published there before', async (kind) => {
    await demandOwn(kind, place);
    await mkdir(place);
    await demandOwn(kind, place);
    await fill({ ...PUBLISHED[kind], '.DS_Store': '' });
    await demandOwn(kind, place);
    await symlink(place, join(root, 'link'));
    await demandOwn(kind, join(root, 'link'));
  });

  it.each(KINDS)("for a %s is none where a user's folder or file stands", async (kind) => {
    await fill({ 'notes.txt': 'mine' });
    for (const taken of [place, join(place, 'notes.txt')])
      await expect(demandOwn(kind, taken)).rejects.toMatchObject({
        type: 'PathNotAllowed',
        message: expect.stringContaining(taken) as string,
      });
    expect(await readdir(place)).toEqual(['notes.txt']);
  });

  it.each(
    KINDS.flatMap((kind) =>
      Object.keys(PUBLISHED[kind])
        .filter((name) => !/^interim|^raw|^config/.test(name))
        .map((name) => [kind, name] as const),
    ),
  )('for a %s is none where a folder looks alike but has no %s', async (kind, missing) => {
    await fill({ ...PUBLISHED[kind], 'raw/own': '' });
    await rm(join(place, missing));
    await expect(demandOwn(kind, place)).rejects.toMatchObject({ type: 'PathNotAllowed' });
  });

  it('for a dataset is none where files of the user stand beside ours, or other retrieval files', async () => {
    await fill({ ...PUBLISHED.dataset, 'labels.csv': '' });
    await expect(demandOwn('dataset', place)).rejects.toThrow('"labels.csv"');
    await rm(join(place, 'labels.csv'));
    await fill({ 'retrieval/test.json': '{\n    "queries": {}' });
    await expect(demandOwn('dataset', place)).rejects.toThrow('retrieval/test.json');
  });

  it('is looked at for each of the folders of a run', async () => {
    const spec = parseSpec({ model: 'a/bge', dataset: 'camel-ai/physics' });
    for (const folder of ['data/dataset/physics', 'data/logs/train/physics-bge', 'data/embeddings/physics-bge']) {
      await demandOwnFolders(root, spec);
      await fill({ mine: '' }, join(root, folder));
      await expect(demandOwnFolders(root, spec)).rejects.toThrow(join(root, folder));
      await rm(join(root, 'data'), { recursive: true });
    }
  });
});
