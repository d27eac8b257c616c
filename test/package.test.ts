// The package as it is published: what publint and are-the-types-wrong say of the tarball, what lies in it, and what each entry loads.
// Installed and used by others it is in test/package-installed.test.ts.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { packInto } from './support/packed.js';

const root = join(import.meta.dirname, '..');
/** A program, started by its path; nobody imports it. */
const PROGRAMS = ['./trainer', './package.json'];

let folder: string;
let tarball: Buffer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'package-test-'));
  tarball = await readFile(packInto(folder));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the packed package', () => {
  it('has nothing that publint complains of', async () => {
    const { messages, pkg } = await publint({
      pack: { tarball: Uint8Array.from(tarball).buffer },
      strict: true,
    });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it('has the right types for every way to resolve a module, CommonJS and the old one of Node 10 too', async () => {
    const excludeEntrypoints = PROGRAMS;
    const found = await checkPackage(createPackageFromTarballData(tarball), { excludeEntrypoints });
    if (!found.types) throw new Error('are-the-types-wrong: found no types');
    expect(found.problems).toEqual([]);
    const entries = Object.keys(manifest.exports).filter((entry) => !PROGRAMS.includes(entry));
    expect(Object.keys(found.entrypoints).sort()).toEqual(entries.sort());
  });

  it('holds what runs, its sources and examples, and no tests', () => {
    const files = execFileSync('tar', ['-tzf', '-'], { input: tarball, encoding: 'utf8' }).split('\n');
    expect(files).toEqual(
      expect.arrayContaining([
        'package/dist/src/cli/main.js',
        'package/dist/src/trainer/child.js',
        'package/dist/commonjs/package.json',
        'package/src/temporal/plugin.ts',
        'package/examples/quickstart.json',
        'package/examples/encoder/model/model.safetensors',
        'package/schema/fine-tune.schema.json',
      ]),
    );
    expect(files.filter((file) => /\.test\.|node_modules|tsbuildinfo/.test(file))).toEqual([]);
  });

  it('holds every file that its pages link to', () => {
    execFileSync('tar', ['-xzf', '-', '-C', folder], { input: tarball });
    const unpacked = join(folder, 'package');
    const pages = readdirSync(unpacked, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
    expect(pages).toEqual(expect.arrayContaining(['README.md', 'docs/operations.md']));
    const broken = pages.flatMap((page) =>
      [...readFileSync(join(unpacked, page), 'utf8').matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
        .map(([, target]) => join(dirname(page), target!))
        .filter((target) => !existsSync(join(unpacked, target)))
        .map((target) => `${page}: ${target}`),
    );
    expect(broken).toEqual([]);
  });
});

describe('what CommonJS code requires', () => {
  it('is the one copy of the code that ES modules import', () => {
    for (const [entry, name] of [
      ['src/index', 'FineTunePlugin'],
      ['src/client', 'startFineTune'],
      ['src/training', 'fineTuneLocally'],
      ['workflows/index', 'fineTune'],
    ]) {
      const script =
        `const required = require('./dist/commonjs/${entry}.js');` +
        `import('./dist/${entry}.js').then((imported) => console.log(required['${name}'] === imported['${name}'] && typeof required['${name}']));`;
      const printed = execFileSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8' });
      expect([entry, printed.trim()]).toEqual([entry, 'function']);
    }
  });
});
