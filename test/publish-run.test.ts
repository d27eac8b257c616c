// A whole small run, from a question/answer table and random weights to the published tree, without a workflow.
import { mkdir, mkdtemp, readFile, readdir, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256OfFile } from '../src/artifacts/hash.js';
import { recordRoot } from '../src/artifacts/run-root.js';
import { publishModel } from '../src/publishing/publish.js';
import { parseSpec } from '../src/spec/parse.js';
import type { PublishResult } from '../src/spec/publishing-stages.js';
import { findGarbage, freeGarbage } from '../src/training/garbage.js';
import { plannedRoot } from '../src/training/run-root.js';
import { realTexts } from './support/real-texts.js';
import { runStages, type RanStages } from './support/run-stages.js';
import { makeTestContext, type TestContext } from './support/stage-context.js';
import { writeTinyTokenizer } from './support/tiny-tokenizer.js';

const HOSTILE = '<img src=x onerror=alert(1)> | ```';
let context: TestContext;
let run: RanStages;
let published: PublishResult;
let output: string;

beforeAll(async () => {
  context = await makeTestContext();
  const texts = await realTexts(60);
  await writeTinyTokenizer(join(context.folder, 'tokenizer'), texts, 300);
  const rows = texts.map((text, i) => ({
    question: `${i % 9 === 0 ? HOSTILE : ''} ${text.slice(0, 25)}`,
    answer: text,
  }));
  await writeFile(join(context.folder, 'pairs.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));
  output = join(context.folder, 'out');
  await mkdir(output);
  const spec = parseSpec({
    model: {
      random: {
        tokenizer: join(context.folder, 'tokenizer'),
        hiddenSize: 32,
        numHiddenLayers: 1,
        numAttentionHeads: 2,
        intermediateSize: 64,
        maxPositionEmbeddings: 64,
        pooling: 'cls',
      },
    },
    dataset: { source: join(context.folder, 'pairs.jsonl') },
    prompts: { query: 'query: ', passage: HOSTILE },
    training: { epochs: 2, batchSize: 8, learningRate: 1e-3 },
    output: { name: 'small' },
  });
  const settings = { dataFolders: [context.folder] };
  run = await runStages(spec, { settings, context, outputDirectory: output });
  published = await publishModel(run.input, run.context);
});
afterAll(async () => {
  await run?.close();
  await context.remove();
});

const tree = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
};
const hashes = async (): Promise<Record<string, string>> => {
  const names = await tree(output);
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await sha256OfFile(join(output, name))] as const)),
  );
};
const readOut = (name: string): Promise<string> => readFile(join(published.model.path, name), 'utf8');

describe('publishModel', () => {
  it('makes the whole tree and nothing beside it', async () => {
    const model = 'data/embeddings/small';
    expect(await tree(output)).toEqual(
      [
        'data/dataset/pairs/interim/test.json',
        'data/dataset/pairs/interim/train.json',
        'data/dataset/pairs/raw/pairs.jsonl',
        'data/dataset/pairs/retrieval/test.json',
        'data/dataset/pairs/retrieval/train.json',
        `${model}/1_Pooling/config.json`,
        `${model}/2_Normalize/config.json`,
        `${model}/README.md`,
        `${model}/config.json`,
        `${model}/config_sentence_transformers.json`,
        `${model}/eval/Information-Retrieval_evaluation_results.csv`,
        `${model}/model.safetensors`,
        `${model}/modules.json`,
        `${model}/onnx/model.onnx`,
        `${model}/onnx/model_pooled.onnx`,
        `${model}/report.html`,
        `${model}/sentence_bert_config.json`,
        `${model}/special_tokens_map.json`,
        `${model}/tokenizer.json`,
        `${model}/tokenizer_config.json`,
        `${model}/vocab.txt`,
        'data/logs/train/small/events.out.tfevents.0000000001.temporal-finetune',
      ].sort(),
    );
    expect(published.model).toEqual({
      path: join(output, model),
      sha256: await sha256OfFile(join(output, model, 'model.safetensors')),
    });
    expect(published.report).toBe(join(output, model, 'report.html'));
    expect(published.verdict.metric).toBe('ndcg@10');
  });

  it('publishes copies, never links into the store', async () => {
    for (const name of await tree(output)) expect((await stat(join(output, name))).nlink, name).toBe(1);
  });

  it('gives the same bytes when it runs again over what is there', async () => {
    const before = await hashes();
    await writeFile(join(published.model.path, 'left over'), '');
    expect(await publishModel(run.input, run.context)).toEqual(published);
    expect(await hashes()).toEqual(before);
  });

  it('tells the metrics of every epoch in the CSV and both figures in the card', async () => {
    const rows = (await readOut('eval/Information-Retrieval_evaluation_results.csv')).trimEnd().split('\n');
    expect(rows.slice(1).map((row) => row.split(',').slice(0, 2))).toEqual([
      ['0', '0'],
      ['1', String(run.input.plan.stepsPerEpoch![0])],
      ['2', String(run.input.plan.totalSteps)],
    ]);
    const card = await readOut('README.md');
    for (const { metrics } of [run.input.before, run.input.after])
      expect(card).toContain(metrics['ndcg@10']!.toFixed(4));
  });

  it('lets no text from data or settings act in the card or the report', async () => {
    const card = await readOut('README.md');
    const outsideCode = card.replace(/^(`{3,})[\s\S]*?^\1$/gm, '').replace(/(`+) [\s\S]*? \1/g, '');
    expect(outsideCode).not.toContain('<img');
    expect(await readOut('report.html')).not.toContain('<img');
    expect(await readOut('report.html')).toContain('&lt;img');
  });

  it('tells nowhere where on the disk things lay', async () => {
    // The spec's paths are absolute, as the command makes them.
    for (const name of await tree(output))
      expect((await readFile(join(output, name))).includes(context.folder), name).toBe(false);
  });

  it('leaves the earlier folder and nothing half-written when the ONNX files embed otherwise', async () => {
    const before = await hashes();
    const embedder: typeof run.context.embedder = async (weights) => {
      const encoder = await run.context.embedder(weights);
      const turned = encoder.toWeights();
      turned.get('embeddings.word_embeddings.weight')!.data.reverse();
      return { dimension: encoder.dimension, embed: (texts) => encoder.embed(texts), toWeights: () => turned };
    };
    await expect(publishModel(run.input, { ...run.context, embedder })).rejects.toMatchObject({ type: 'ParityFailed' });
    expect(await hashes()).toEqual(before);
    expect(await readdir(join(output, 'data', 'embeddings'))).toEqual(['small']);
  });

  it('reports within the steps that take long on large data or with a large model', async () => {
    const notes: string[] = [];
    await publishModel(run.input, { ...run.context, progress: ({ note }) => notes.push(note ?? '') });
    for (const note of [
      /^dataset: file 2 of 5, 0 of \d+ MB$/,
      /^model and ONNX files: onnx\/model\.onnx$/,
      /^model and ONNX files: onnx\/model_pooled\.onnx$/,
      /^model and ONNX files: model\.safetensors$/,
      /^report: word matching, 0 of \d+ questions$/,
    ])
      expect(notes).toContainEqual(expect.stringMatching(note));
  });

  it('stops between its steps when it is asked to, and leaves what was there', async () => {
    const before = await hashes();
    const stop = new AbortController();
    const progress: typeof context.progress = ({ done }) => done === 3 && stop.abort(new Error('stopped'));
    await expect(publishModel(run.input, { ...run.context, signal: stop.signal, progress })).rejects.toThrow('stopped');
    expect(await hashes()).toEqual(before);
  });

  it('refuses an output tree that a link leads out of', async () => {
    const outputDirectory = join(context.folder, 'linked');
    await mkdir(join(outputDirectory, 'data'), { recursive: true });
    await mkdir(join(context.folder, 'elsewhere'));
    await symlink(join(context.folder, 'elsewhere'), join(outputDirectory, 'data', 'dataset'));
    await expect(publishModel({ ...run.input, outputDirectory }, run.context)).rejects.toMatchObject({
      type: 'PathNotAllowed',
    });
    expect(await readdir(join(context.folder, 'elsewhere'))).toEqual([]);
  });

  it.each([
    ['dataset/pairs', 'test.csv', 'output.directory'],
    ['logs/train/small', 'events.out.tfevents.1700000000.host', 'output.name'],
    ['embeddings/small', 'model.safetensors', 'output.name'],
  ])("leaves a user's own folder at data/%s where it is, and says what to do", async (path, file, remedy) => {
    const outputDirectory = await mkdtemp(join(context.folder, 'taken-'));
    const folder = join(outputDirectory, 'data', path);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, file), 'mine');
    await expect(publishModel({ ...run.input, outputDirectory }, run.context)).rejects.toMatchObject({
      type: 'PathNotAllowed',
      message: expect.stringMatching(new RegExp(`^output: ${folder} must be free.*choose another ${remedy}`)) as string,
    });
    expect(await tree(folder)).toEqual([file]);
    expect(await readFile(join(folder, file), 'utf8')).toBe('mine');
  });

  it("leaves a user's own folder that came while the run published", async () => {
    const outputDirectory = await mkdtemp(join(context.folder, 'taken-'));
    const folder = join(outputDirectory, 'data', 'dataset', 'pairs');
    const embedder: typeof run.context.embedder = async (weights) => {
      await mkdir(folder);
      await writeFile(join(folder, 'notes.txt'), 'mine');
      return run.context.embedder(weights);
    };
    const publishing = publishModel({ ...run.input, outputDirectory }, { ...run.context, embedder });
    await expect(publishing).rejects.toMatchObject({ type: 'PathNotAllowed' });
    expect(await tree(outputDirectory)).toEqual(['data/dataset/pairs/notes.txt']);
  });

  it('publishes the same bytes after the tensors of its checkpoints were freed', async () => {
    const { store } = context;
    const before = await hashes();
    const then = new Date(Date.now() - 2 * 24 * 3_600_000);
    for (const entry of await readdir(store.location, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile() && /blobs|checkpoint/.test(path)) await utimes(path, then, then);
    }
    const garbage = await findGarbage(store);
    expect(garbage.released).toContainEqual(run.input.published.checkpoint);
    await freeGarbage(store, garbage);
    // As the stages before do when the run is started again.
    await recordRoot(store, plannedRoot(run.input, run.input.plan));
    expect(await publishModel(run.input, run.context)).toEqual(published);
    expect(await hashes()).toEqual(before);
  });

  it('tells a full disk as NoDiskSpace with the folder, and leaves the earlier one and nothing half-written', async () => {
    const before = await hashes();
    const embedder = () => Promise.reject(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }));
    await expect(publishModel(run.input, { ...run.context, embedder })).rejects.toMatchObject({
      type: 'NoDiskSpace',
      message: expect.stringMatching(/^output\.directory: no space left in .*Free some/) as string,
    });
    expect(await hashes()).toEqual(before);
    expect(await readdir(join(output, 'data', 'embeddings'))).toEqual(['small']);
  });

  it('names the output folder when it cannot be written', async () => {
    const outputDirectory = join(context.folder, 'pairs.jsonl');
    await expect(publishModel({ ...run.input, outputDirectory }, run.context)).rejects.toMatchObject({
      type: 'PathNotAllowed',
      message: expect.stringMatching(/^output\.directory: .*pairs\.jsonl cannot be written \(ENOTDIR\)/) as string,
    });
  });
});
