// The code of the pages about Workers and clients compiles against the package's built entries, and the commands that they name are known. What
// docs/own-worker.md shows of examples/own-worker is what continuous integration runs (test/package-installed.test.ts); tables are complete.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { RUN_ATTRIBUTES } from '../src/spec/search-attributes.js';

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const blocks = (page: string, language: string): string[] =>
  [...read(page).matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text]) => text!);
const PAGES = ['own-worker', 'operations', 'client', 'failures', 'security', 'steering', 'retrain', 'several-runs'].map(
  (name) => `docs/${name}.md`,
);

mkdirSync(join(root, 'node_modules', '.cache'), { recursive: true });
const folder = mkdtempSync(join(root, 'node_modules', '.cache', 'worker-docs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('have code that compiles', () => {
  cpSync(join(root, 'examples/own-worker/src'), folder, { recursive: true });
  const files = PAGES.flatMap((page) => {
    const texts = blocks(page, 'ts');
    expect([page, texts.length > 0]).toEqual([page, true]);
    return texts.map((text, index) => {
      const path = join(folder, `${basename(page, '.md')}-${index}.ts`);
      // Every block is a program of its own.
      writeFileSync(path, `${text}\nexport {};\n`);
      return path;
    });
  });
  const program = ts.createProgram(files, {
    ...{ strict: true, skipLibCheck: true, noEmit: true, types: ['node'], target: ts.ScriptTarget.ES2022 },
    ...{
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      lib: ['lib.es2023.d.ts'],
    },
    paths: {
      'temporal-finetune': [join(root, 'dist/src/index.d.ts')],
      'temporal-finetune/workflows': [join(root, 'dist/workflows/index.d.ts')],
      'temporal-finetune/*': [join(root, 'dist/src/*.d.ts')],
    },
  });
  const found = ts
    .getPreEmitDiagnostics(program)
    .filter(({ file }) => file?.fileName.startsWith(folder))
    .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
  expect(found).toEqual([]);
}, 60_000);

const helps = new Map<string, string>();
function helpOf(command: string): string {
  const words = [join(root, 'dist/src/cli/main.js'), command, '--help'];
  const help = helps.get(command) ?? execFileSync(process.execPath, words, { encoding: 'utf8' });
  helps.set(command, help);
  return help;
}

it.each(PAGES)('%s has commands that are known, with flags that they have', (page) => {
  const calls = [...read(page).matchAll(/finetune ((?:worker|start|plan|server|run)\b[^`\n]*)/g)].map(
    ([, words]) => words!,
  );
  for (const words of calls) {
    const [command = '', ...rest] = words.split(' ');
    for (const flag of rest.filter((word) => word.startsWith('--'))) expect(helpOf(command)).toContain(flag);
  }
});

describe('docs/own-worker.md', () => {
  it('shows the files of examples/own-worker as they are', () => {
    const shown = blocks('docs/own-worker.md', 'ts').filter((text) => text.startsWith('// src/'));
    expect(shown.length).toBe(2);
    for (const text of shown) {
      const [, name] = /^\/\/ (src\/\S+)\n/.exec(text)!;
      const withoutOpening = read(`examples/own-worker/${name}`).replace(/^(\/\/.*\n)+/, '');
      expect(text.replace(/^.*\n/, '')).toBe(withoutOpening);
    }
  });

  it('names every option of the plugin', () => {
    const options = (path: string, name: string): string[] =>
      [...new RegExp(`interface ${name} [^]*?\n}`).exec(read(path))![0].matchAll(/^  (\w+)\??: /gm)].map(
        ([, key]) => key!,
      );
    const names = [
      ...options('activities/worker-settings.ts', 'WorkerSettings'),
      ...options('src/temporal/plugin.ts', 'FineTunePluginOptions'),
    ];
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) expect(read('docs/own-worker.md')).toMatch(new RegExp(`^\\| .*\`${name}\`.* \\|`, 'm'));
  });

  it('names every entry of the package', () => {
    const names = Object.keys(manifest.exports).map((entry) => entry.replace('.', 'temporal-finetune'));
    for (const name of names.filter((each) => !each.endsWith('.json'))) {
      expect(read('docs/own-worker.md')).toContain(`| \`${name}\` |`);
    }
  });
});

describe('docs/operations.md', () => {
  it('has the command that adds every search attribute', () => {
    const command = blocks('docs/operations.md', 'sh').find((text) => text.includes('search-attribute create'))!;
    const added = [...command.matchAll(/--name (\w+) --type (\w+)/g)].map(([, name, type]) => [
      name,
      type!.toUpperCase(),
    ]);
    expect(Object.fromEntries(added)).toEqual(RUN_ATTRIBUTES);
  });

  it('names every metric that the training sets', () => {
    const names = [...read('activities/training-metrics.ts').matchAll(/'(finetune_\w+)'/g)].map(([, name]) => name!);
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) expect(read('docs/operations.md')).toContain(`\`${name}\``);
  });

  it('leads to deployment files that are there', () => {
    for (const path of ['Dockerfile', 'deploy/compose.yaml', 'deploy/kubernetes/workers.yaml']) {
      expect(existsSync(join(root, path))).toBe(true);
      expect(read('docs/operations.md')).toContain(`(../${path})`);
    }
  });
});
