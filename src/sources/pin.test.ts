import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SIGNATURE, startFakeHub, type FakeHub, type FakeRepo } from '../../test/support/fake-hub.js';
import { makeTestContext, type TestContext } from '../../test/support/stage-context.js';
import { readArtifact } from '../artifacts/artifact.js';
import { HubClient } from './hub.js';
import { fetchModel, pinModel } from './pin.js';
import type { SourceSettings } from './source-settings.js';

const TOKEN = 'hf_secretTokenOfTheTest';
const weights = Buffer.alloc(3_000_000, 7);
const modelFiles = {
  'config.json': '{"model_type":"bert"}',
  'model.safetensors': weights,
  'pytorch_model.bin': 'pickle',
  'onnx/model.onnx': 'onnx',
  'tokenizer.json': '{}',
  'tokenizer_config.json': '{}',
  'vocab.txt': '[PAD]',
  'modules.json': '[]',
  '1_Pooling/config.json': '{}',
  'sentence_bert_config.json': '{}',
  'README.md': '# model',
  '.gitattributes': '',
};
const model = (over: Partial<FakeRepo> = {}): FakeRepo => ({
  type: 'model',
  name: 'BAAI/bge-small-en-v1.5',
  files: modelFiles,
  ...over,
});

let context: TestContext;
let hub: FakeHub;
const settings = (over: Partial<SourceSettings> = {}): SourceSettings => ({
  dataFolders: [context.folder],
  hubUrl: hub.url,
  hubRetryDelayMs: 1,
  ...over,
});
const spec = { source: 'BAAI/bge-small-en-v1.5', revision: 'main' };
const failure = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => Promise.reject(new Error('no error')),
    (error: Error) => error,
  );

/** Everything that an error says, with its causes, as a log would show it. */
function everything(error: unknown): string {
  const seen: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause) {
    seen.push(at.message, at.stack ?? '', JSON.stringify(at, Object.getOwnPropertyNames(at)));
  }
  return seen.join('\n');
}

beforeEach(async () => {
  context = await makeTestContext();
  hub = await startFakeHub({ repos: [model(), model({ name: 'meta/gated', gated: true })], token: TOKEN });
});
afterEach(async () => {
  await hub.close();
  await context.remove();
});

describe('a model of the Hub', () => {
  it('is pinned to its commit, and what is needed of it is fetched: no pickle, no foreign exports', async () => {
    const pin = await pinModel(spec, settings(), context);
    expect(pin).toEqual({ type: 'hub', id: spec.source, commit: hub.commitOf(spec.source) });
    const artifact = await fetchModel(pin, settings(), context);
    expect(artifact.kind).toBe('model-folder');
    expect(Object.keys(artifact.blobs).sort()).toEqual(
      [
        '1_Pooling/config.json',
        'README.md',
        'config.json',
        'model.safetensors',
        'modules.json',
        'sentence_bert_config.json',
        'tokenizer.json',
        'tokenizer_config.json',
        'vocab.txt',
      ].sort(),
    );
    expect((await context.store.readBlob(artifact.blobs['model.safetensors']!)).equals(weights)).toBe(true);
    expect(context.reported.at(-1)).toMatchObject({ stage: 'download', unit: 'bytes', done: artifact.facts.bytes });
  });

  it('that is there already is not fetched again', async () => {
    const pin = await pinModel(spec, settings(), context);
    const first = await fetchModel(pin, settings(), context);
    const asked = hub.requests.length;
    expect(await fetchModel(pin, settings(), context)).toEqual(first);
    expect(hub.requests.length).toBe(asked);
  });

  it('is fetched whole when its transfer is cut, going on where it broke', async () => {
    hub.cut(/safetensors/, 1_200_000, { times: 2 });
    const artifact = await fetchModel(await pinModel(spec, settings(), context), settings(), context);
    expect((await context.store.readBlob(artifact.blobs['model.safetensors']!)).equals(weights)).toBe(true);
    const starts = hub.requests
      .filter(({ origin, range }) => origin === 'cdn' && range !== 'bytes=0-0')
      .map(({ range }) => Number(/bytes=(\d+)/.exec(range ?? '')?.[1] ?? 0));
    expect(starts).toHaveLength(3);
    expect(starts[0]).toBe(0);
    expect(starts[1]).toBeGreaterThan(0);
    expect(starts[2]).toBeGreaterThan(starts[1]!);
    expect(context.warnings.length).toBe(2);
  });

  it('is fetched after a busy answer, and the wait is told', async () => {
    hub.fail(/resolve/, 429, { times: 2, headers: { 'Retry-After': '0' } });
    hub.fail(/revision/, 503);
    await fetchModel(await pinModel(spec, settings(), context), settings(), context);
    expect(context.warnings).toEqual([
      expect.stringMatching(/HTTP 503; attempt 2 of 5 for BAAI/),
      expect.stringMatching(/HTTP 429; attempt 2 of 5/),
      expect.stringMatching(/HTTP 429; attempt 3 of 5/),
    ]);
  });

  it('behind a Hub that keeps failing is an error that is retried, and leaves nothing half-written', async () => {
    const pin = await pinModel(spec, settings(), context);
    hub.fail(/safetensors/, 500, { times: 99 });
    const error = await failure(fetchModel(pin, settings(), context));
    expect(error).toMatchObject({ type: 'SourceUnavailable' });
    expect(error.message).toMatch(/does not give model BAAI.*after 5 attempts: HTTP 500.*reachable/);
    expect(await readdir(join(context.store.location, 'tmp'))).toEqual([]);
    expect(await context.store.listRecords('model-folder')).toEqual([]);
  });

  it('behind a Hub that cannot be reached is an error that is retried and names the Hub', async () => {
    const gone = settings({ hubUrl: 'http://127.0.0.1:9' });
    const error = await failure(pinModel(spec, gone, context));
    expect(error).toMatchObject({ type: 'SourceUnavailable' });
    expect(error.message).toMatch(/127\.0\.0\.1:9/);
  });

  it('with damaged content is refused by its hash', async () => {
    const client = new HubClient({ settings: settings(), signal: context.signal });
    const repo = { type: 'model', name: spec.source } as const;
    const commit = hub.commitOf(spec.source);
    const file = (await client.listFiles(repo, commit)).find(({ path }) => path === 'vocab.txt')!;
    const wrong = { ...file, gitSha1: '0'.repeat(40) };
    await expect(client.download(repo, commit, wrong, { store: context.store })).rejects.toMatchObject({
      type: 'SourceUnavailable',
      message: expect.stringContaining('another content than the Hub states'),
    });
  });

  it('that is unknown is told, with what to check', async () => {
    for (const hubToken of [undefined, TOKEN]) {
      const over = hubToken === undefined ? {} : { hubToken };
      const error = await failure(pinModel({ source: 'no/such', revision: 'main' }, settings(over), context));
      expect(error).toMatchObject({ type: 'SourceNotFound' });
      expect(error.message).toMatch(/^model\.source: model "no\/such" is unknown to the Hub.*spelling/);
    }
  });

  it('with an unknown revision is told as such', async () => {
    const error = await failure(pinModel({ ...spec, revision: 'v9' }, settings(), context));
    expect(error).toMatchObject({ type: 'SourceNotFound' });
    expect(error.message).toMatch(/^model\.revision: .*no revision "v9"/);
  });

  it('that is gated is told as such with the remedy, and opens with the token', async () => {
    const gated = { source: 'meta/gated', revision: 'main' };
    const without = await failure(pinModel(gated, settings(), context));
    expect(without).toMatchObject({ type: 'SourceNotFound' });
    expect(without.message).toMatch(/"meta\/gated" is gated \(401\); no token is set: give the Worker HF_TOKEN/);
    const allowedSources = { hub: ['*', 'Meta'] };
    const wrong = await failure(pinModel(gated, settings({ hubToken: 'hf_wrong', allowedSources }), context));
    expect(wrong.message).toMatch(/is gated \(403\); the Worker's token \(HF_TOKEN\) may not read it/);
    expect(everything(wrong)).not.toContain('hf_wrong');
    const pin = await pinModel(gated, settings({ hubToken: TOKEN, allowedSources }), context);
    await fetchModel(pin, settings({ hubToken: TOKEN, allowedSources }), context);
  });

  it('that the Worker does not name is asked for without the token, and a gated one of these is told with the remedy', async () => {
    for (const hub of [undefined, ['*'], ['*', 'other', 'meta/another']]) {
      const over = settings({ hubToken: TOKEN, ...(hub && { allowedSources: { hub } }) });
      const error = await failure(pinModel({ source: 'meta/gated', revision: 'main' }, over, context));
      expect(error).toMatchObject({ type: 'SourceNotFound' });
      expect(error.message).toMatch(/is gated \(401\).* sent only for owners and repositories .*--allow-hub/);
      await pinModel(spec, over, context);
    }
    expect(hub.requests.map(({ authorization }) => authorization).filter(Boolean)).toEqual([]);
  });

  it('that the Worker does not allow is refused before anything is asked, also when another Worker pinned it', async () => {
    const pin = await pinModel(spec, settings(), context);
    hub.requests.length = 0;
    for (const allowed of [[], ['other', `${spec.source}-2`]]) {
      const over = settings({ allowedSources: { hub: allowed } });
      for (const work of [() => pinModel(spec, over, context), () => fetchModel(pin, over, context)]) {
        const error = await failure(work());
        expect(error).toMatchObject({ type: 'SourceNotAllowed' });
        expect(error.message).toMatch(/^model\.source: .*allowedSources\.hub.*got "[^"]+"\. Allowed: .*--allow-hub/);
        expect(error.message).toContain(allowed[0] ?? '(none)');
      }
    }
    expect(hub.requests).toEqual([]);
    for (const allowed of [[spec.source], [spec.source.split('/')[0]!]]) {
      await pinModel(spec, settings({ allowedSources: { hub: allowed } }), context);
    }
  });

  it('is asked for with the token at the Hub alone: neither the signed address nor an error gets it', async () => {
    const withToken = settings({ hubToken: TOKEN, allowedSources: { hub: [spec.source] } });
    const pin = await pinModel(spec, withToken, context);
    await fetchModel(pin, withToken, context);
    for (const { origin, authorization } of hub.requests) {
      expect(authorization).toBe(origin === 'hub' ? `Bearer ${TOKEN}` : undefined);
    }
    expect(hub.requests.some(({ origin }) => origin === 'cdn')).toBe(true);
  });

  it('whose signed address fails leaks neither that address nor the token', async () => {
    const hubToken = TOKEN;
    const allowedSources = { hub: [spec.source] };
    const pin = await pinModel(spec, settings({ hubToken, allowedSources }), context);
    hub.cut(/safetensors/, 10, { times: 99 });
    const error = await failure(fetchModel(pin, settings({ hubToken, allowedSources }), context));
    expect(error).toMatchObject({ type: 'SourceUnavailable' });
    for (const text of [everything(error), context.warnings.join()]) {
      expect(text).not.toContain(TOKEN);
      expect(text).not.toContain(SIGNATURE);
    }
  });

  it('with pickled weights only is not supported, and the remedy is told', async () => {
    const { 'model.safetensors': _, ...files } = modelFiles;
    const other = await startFakeHub({ repos: [model({ files })] });
    const error = await failure(pinModel(spec, settings({ hubUrl: other.url }), context));
    expect(error).toMatchObject({ type: 'UnsupportedModel' });
    expect(error.message).toMatch(/model\.safetensors is needed.*pytorch_model\.bin.*safe_serialization/);
    await other.close();
  });

  it('with weights in several pieces is not supported, and the remedy is told', async () => {
    const { 'model.safetensors': _, ...files } = modelFiles;
    const shards = Object.fromEntries([1, 2].map((n) => [`model-0000${n}-of-00002.safetensors`, 'shard']));
    const sharded = { ...files, ...shards, 'model.safetensors.index.json': '{}' };
    const other = await startFakeHub({ repos: [model({ files: sharded })] });
    const error = await failure(pinModel(spec, settings({ hubUrl: other.url }), context));
    expect(error).toMatchObject({ type: 'UnsupportedModel' });
    expect(error.message).toMatch(/in 2 pieces only \(model-00001-of-00002\.safetensors, …\).*max_shard_size/);
    expect(other.requests.filter(({ path }) => path.includes('/resolve/'))).toEqual([]);
    await other.close();
  });

  it('stops asking when the stage is told to stop', async () => {
    const stop = new AbortController();
    const stopped = await makeTestContext({ signal: stop.signal });
    hub.fail(/revision/, 503, { times: 99 });
    const pinned = failure(pinModel(spec, settings({ hubRetryDelayMs: 60_000 }), stopped));
    setTimeout(() => stop.abort(), 50);
    expect((await pinned).name).toBe('AbortError');
    await stopped.remove();
  });
});

describe('a model in a folder', () => {
  const write = async (folder: string, names: string[]): Promise<void> => {
    await mkdir(join(folder, '1_Pooling'), { recursive: true });
    for (const name of names) await writeFile(join(folder, name), `content of ${name}`);
  };

  it('is taken into the store by content: the same content is the same snapshot, a change another', async () => {
    const names = ['config.json', 'model.safetensors', 'tokenizer.json', 'modules.json', '1_Pooling/config.json'];
    await write(join(context.folder, 'a'), [...names, 'notes.md']);
    await write(join(context.folder, 'b'), names);
    const a = await pinModel({ source: 'a', revision: 'main' }, settings(), context);
    const b = await pinModel({ source: './b', revision: 'main' }, settings(), context);
    if (a.type !== 'local' || b.type !== 'local') throw new Error('not local');
    expect(a.label).toBe('a');
    expect(a.snapshot).toEqual(b.snapshot);
    const artifact = await fetchModel(a, settings(), context);
    expect(Object.keys(artifact.blobs).sort()).toEqual([...names].sort());
    await writeFile(join(context.folder, 'a', 'model.safetensors'), 'other');
    const changed = await pinModel({ source: 'a', revision: 'main' }, settings(), context);
    expect(changed).not.toEqual(a);
  });

  it('is refused at a revision, which only the Hub has, also where the folder is called like a repository there', async () => {
    await write(join(context.folder, spec.source), ['config.json', 'model.safetensors', 'tokenizer.json']);
    const error = await failure(pinModel({ ...spec, revision: 'v7' }, settings(), context));
    expect(error).toMatchObject({ type: 'InvalidSpec' });
    expect(error.message).toMatch(
      /^model\.revision: .*"BAAI\/bge-small-en-v1\.5" is .*got "v7"\. Remove revision .*, or move/,
    );
    expect(await pinModel(spec, settings(), context)).toMatchObject({ type: 'local' });
    expect(hub.requests).toEqual([]);
  });

  it('without a tokenizer, config or weights is refused with what is there', async () => {
    const folder = join(context.folder, 'm');
    await write(folder, ['config.json', 'model.safetensors']);
    const pin = (): Promise<unknown> => pinModel({ source: 'm', revision: 'main' }, settings(), context);
    await expect(pin()).rejects.toThrow(
      /tokenizer\.json is missing in m\. Files there: config\.json, model\.safetensors/,
    );
    await expect(pin()).rejects.toMatchObject({ type: 'UnsupportedModel' });
  });

  it('with a link out of the data folders is refused', async () => {
    const folder = join(context.folder, 'm');
    await write(folder, ['config.json', 'model.safetensors']);
    await symlink('/etc/hostname', join(folder, 'tokenizer.json'));
    await expect(pinModel({ source: 'm', revision: 'main' }, settings(), context)).rejects.toMatchObject({
      type: 'PathNotAllowed',
    });
  });

  it('that starts from random weights is pinned by its tokenizer alone', async () => {
    const folder = join(context.folder, 'tok');
    await write(folder, ['tokenizer.json', 'tokenizer_config.json', 'config.json']);
    const random = {
      tokenizer: 'tok',
      hiddenSize: 8,
      numHiddenLayers: 1,
      numAttentionHeads: 1,
      intermediateSize: 8,
      maxPositionEmbeddings: 16,
      pooling: 'mean' as const,
      seed: 1,
    };
    const pin = await pinModel({ random }, settings(), context);
    if (pin.type !== 'random') throw new Error('not random');
    const { blobs } = await readArtifact(context.store, pin.snapshot);
    expect(Object.keys(blobs).sort()).toEqual(['tokenizer.json', 'tokenizer_config.json']);
    await expect(pinModel({ random: { ...random, tokenizer: '.' } }, settings(), context)).rejects.toThrow(
      /model\.random\.tokenizer: no tokenizer\.json/,
    );
  });
});
