// The documents: their specs parse, every key of the spec is told with its default, and their links lead somewhere.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseSpec } from '../src/spec/parse.js';
import { parseRetrainSpec } from '../src/spec/retrain.js';

const root = join(import.meta.dirname, '..');
const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'examples/README.md'],
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
].sort();
const read = (page: string): string => readFileSync(join(root, page), 'utf8');

const parseAnySpec = (spec: object): object => ('retrain' in spec ? parseRetrainSpec(spec) : parseSpec(spec));

function specsOf(page: string): object[] {
  return [...read(page).matchAll(/```json\n([\s\S]*?)```/g)]
    .map(([, text]) => JSON.parse(text!) as Record<string, unknown>)
    .filter((value) => 'model' in value && 'dataset' in value);
}

describe.each(pages)('%s', (page) => {
  it('has links that lead to files that are there', () => {
    const links = [...read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(([, target]) => target!);
    const broken = links.filter((target) => !existsSync(join(root, dirname(page), target)));
    expect(broken).toEqual([]);
  });

  it('shows only specs that parse', () => {
    for (const spec of specsOf(page)) expect(() => parseAnySpec(spec)).not.toThrow();
  });
});

it('README.md and docs/spec.md show a spec each', () => {
  expect(specsOf('README.md').length).toBeGreaterThan(0);
  expect(specsOf('docs/spec.md').length).toBeGreaterThan(0);
});

describe('docs/spec.md', () => {
  const rows = new Map(
    [...read('docs/spec.md').matchAll(/^\| `([A-Za-z]+)` \| ([^|]*) \|/gm)].map(([, key, value]) => [
      key!,
      value!.trim(),
    ]),
  );
  const defaults = parseSpec({ model: 'm', dataset: 'd' });

  it.each(Object.entries(defaults.training))('tells training.%s with its default %j', (key, value) => {
    const shown = rows.get(key);
    expect(shown).toBeDefined();
    expect(JSON.parse(shown!.replaceAll('`', ''))).toEqual(value);
  });

  it('names every key of a dataset', () => {
    expect(Object.keys(defaults.dataset).filter((key) => !rows.has(key))).toEqual([]);
  });
});
