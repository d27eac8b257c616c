// What a file or a spec might try on the database: other files, the network, extensions, its own settings, names with quotes in them.
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Columns } from './columns.js';
import { openLocked, readCsv } from './tables.js';

let folder: string;
let data: string;
let server: Server;
let requests = 0;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'));
  data = join(folder, 'data.csv');
  await writeFile(data, 'question,answer\nq,a\n');
  await writeFile(join(folder, 'other.csv'), 'question,answer\nsecret,secret\n');
  await mkdir(join(folder, 'out'));
  requests = 0;
  server = createServer((_, response) => {
    requests++;
    response.end('question,answer\nq,a\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

/** Runs statements on a database that may read `data.csv`, until one fails; returns what it says. */
async function attempt(...statements: string[]): Promise<string> {
  const { connection, close } = await openLocked(data);
  try {
    for (const statement of statements) await connection.runAndReadAll(statement);
    return 'done';
  } catch (error) {
    return String(error);
  } finally {
    close();
  }
}

describe('the database that reads a file', () => {
  it('reads that file', async () => {
    expect(await attempt(`SELECT * FROM read_csv('${data}')`)).toBe('done');
  });

  const tries: [string, (place: { folder: string; url: string }) => string[]][] = [
    ['another file', ({ folder: f }) => [`SELECT * FROM read_csv('${f}/other.csv')`]],
    ['a file beside it by a pattern', ({ folder: f }) => [`SELECT * FROM read_csv('${f}/*.csv')`]],
    ['a path that leads back out of it', ({ folder: f }) => [`SELECT * FROM read_csv('${f}/data.csv/../other.csv')`]],
    ['a file as text', ({ folder: f }) => [`SELECT * FROM read_text('${f}/other.csv')`]],
    ['a file as bytes', ({ folder: f }) => [`SELECT * FROM read_blob('${f}/other.csv')`]],
    ['a file by its bare name', ({ folder: f }) => [`SELECT * FROM '${f}/other.csv'`]],
    ['a list of files', ({ folder: f }) => [`SELECT * FROM glob('${f}/*')`]],
    ['writing a file', ({ folder: f }) => [`COPY (SELECT 1) TO '${f}/out/written.csv'`]],
    ['writing over its own file', () => [`COPY (SELECT 1) TO '${data}' (FORMAT parquet)`]],
    ['exporting itself', ({ folder: f }) => [`EXPORT DATABASE '${f}/out'`]],
    ['attaching a database', ({ folder: f }) => [`ATTACH '${f}/out/new.db' AS other`]],
    ['importing a database', ({ folder: f }) => [`IMPORT DATABASE '${f}'`]],
    ['the network', ({ url }) => [`SELECT * FROM read_csv('${url}/data.csv')`]],
    ['installing an extension', () => ['INSTALL httpfs']],
    ['installing one from an address', ({ url }) => [`INSTALL thing FROM '${url}'`]],
    ['loading an extension', () => ['LOAD httpfs']],
    ['loading one from a file', ({ folder: f }) => [`LOAD '${f}/other.csv'`]],
    [
      'opening itself again',
      ({ folder: f }) => ['SET enable_external_access = true', `SELECT * FROM read_text('${f}/other.csv')`],
    ],
    ['allowing another path', ({ folder: f }) => [`SET allowed_paths = ['${f}/other.csv']`]],
    ['allowing a folder', () => ["SET allowed_directories = ['/']"]],
    ['unlocking its settings', () => ['SET lock_configuration = false']],
    ['setting back a default', () => ['RESET enable_external_access']],
    ['another place for spilling', ({ folder: f }) => [`SET temp_directory = '${f}/out'`]],
    ['more memory', () => ["SET memory_limit = '100GB'"]],
  ];
  it.each(tries)('refuses %s', async (_, statements) => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await attempt(...statements({ folder, url }))).toMatch(/error/i);
    expect(requests).toBe(0);
    expect(await readdir(join(folder, 'out'))).toEqual([]);
    expect((await readdir(folder)).sort()).toEqual(['data.csv', 'other.csv', 'out']);
  });

  it('takes names with quotes and statements in them as names', async () => {
    const name = `a"; COPY (SELECT 1) TO '${folder}/out/x'; --`;
    const columns = (question: string) => new Columns([question], ['answer']);
    const tricky = join(folder, `it's "this".csv`);
    await writeFile(tricky, `"${name.replaceAll('"', '""')}",answer\nq,a\n`);
    const read = async (question: string) => {
      const rows = [];
      for await (const batch of readCsv({ path: tricky, label: 'tricky.csv' }, columns(question))) rows.push(...batch);
      return rows;
    };
    expect(await read(name)).toEqual([['q', 'a']]);
    await expect(read(`${name}x`)).rejects.toMatchObject({ type: 'InvalidData' });
    expect(await readdir(join(folder, 'out'))).toEqual([]);
  });
});
