import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeTarget, findTarget, namedTarget, namespaceOf } from './connection.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connection-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const profiles = async (): Promise<string> => {
  const path = join(folder, 'temporal.toml');
  await writeFile(
    path,
    '[profile.default]\naddress = "default.example:7233"\n' +
      '[profile.prod]\naddress = "prod.example:7233"\nnamespace = "prod"\napi_key = "secret"\n',
  );
  return path;
};

describe('namedTarget', () => {
  it('is undefined when neither flags nor environment name a server, even with a default profile on disk', async () => {
    expect(namedTarget({}, { TEMPORAL_CONFIG_FILE: await profiles() })).toBeUndefined();
    expect(namedTarget({ namespace: 'n' }, { TEMPORAL_ADDRESS: '' })).toBeUndefined();
  });

  it('takes TEMPORAL_ADDRESS and says that it came from the environment', () => {
    const target = namedTarget({}, { TEMPORAL_ADDRESS: 'a.example:7233', TEMPORAL_NAMESPACE: 'n' });
    expect(target).toMatchObject({ address: 'a.example:7233', namespace: 'n', from: 'environment' });
    expect(target && describeTarget(target)).toBe(
      'a.example:7233, namespace n (from TEMPORAL_ADDRESS in the environment)',
    );
  });

  it('takes a named profile with its namespace, API key and TLS', async () => {
    const TEMPORAL_CONFIG_FILE = await profiles();
    for (const target of [
      namedTarget({ profile: 'prod' }, { TEMPORAL_CONFIG_FILE }),
      namedTarget({}, { TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE: 'prod' }),
    ]) {
      expect(target).toMatchObject({ address: 'prod.example:7233', namespace: 'prod', from: 'profile' });
      expect(target?.options).toMatchObject({ apiKey: 'secret', tls: true });
    }
  });

  it('lets flags win', () => {
    const env = { TEMPORAL_ADDRESS: 'a.example:7233', TEMPORAL_NAMESPACE: 'n' };
    expect(namedTarget({ address: 'b.example:1', namespace: 'm' }, env)).toMatchObject({
      address: 'b.example:1',
      namespace: 'm',
      from: 'flag',
    });
  });

  it('sends no API key of the environment to a server on this machine that a flag names', () => {
    const target = namedTarget({ address: '127.0.0.1:7233' }, { TEMPORAL_API_KEY: 'secret' });
    expect(target?.options).toEqual({ address: '127.0.0.1:7233' });
  });
});

describe('findTarget', () => {
  it('falls back to the default address when the folder runs no server', async () => {
    expect(await findTarget({}, { env: {}, dbPath: join(folder, 'temporal.db') })).toMatchObject({
      address: '127.0.0.1:7233',
      namespace: 'default',
      from: 'default',
    });
  });

  it('takes the namespace of the environment on a server that nobody named, unless a flag says otherwise', async () => {
    const place = { env: { TEMPORAL_NAMESPACE: 'ours' }, dbPath: join(folder, 'temporal.db') };
    expect(await findTarget({}, place)).toMatchObject({ address: '127.0.0.1:7233', namespace: 'ours' });
    expect(await findTarget({ namespace: 'n' }, place)).toMatchObject({ namespace: 'n' });
    expect(namespaceOf({}, { TEMPORAL_NAMESPACE: '' })).toBe('default');
  });
});
