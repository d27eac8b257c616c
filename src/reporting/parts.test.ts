import { describe, expect, it } from 'vitest';
import { parseSpec } from '../spec/parse.js';
import type { PublishInput } from '../spec/publishing-stages.js';
import { dataFacts, pinLabel, settingsFacts } from './facts.js';
import { excerpt, duration, metricLabel, plural, signed } from './format.js';
import { html, trusted } from './html.js';
import { questionChanges } from './question-changes.js';
import { averaged, smooth, thinned } from './smooth.js';

describe('html', () => {
  it('escapes values, joins lists, and leaves nothing of null, undefined and false', () => {
    const item = html`<b>${'<b>'}</b>`;
    const inner = html`<i>${[item, item]}${null}${undefined}${false}${0}</i>`;
    expect(inner.markup.replace(/\s/g, '')).toBe('<i><b>&lt;b&gt;</b><b>&lt;b&gt;</b>0</i>');
    expect(html`<i title="${`"'&`}">${trusted('<hr>')}</i>`.markup).toBe('<i title="&quot;&#39;&amp;"><hr></i>');
  });
});

describe('format', () => {
  it('writes differences with a sign, and none for what rounds to zero', () => {
    expect([0.0304, -0.0304, 0.0004, -0.0004].map(signed)).toEqual(['+0.030', '−0.030', '±0.000', '±0.000']);
  });
  it('cuts a text at a word and never inside a character', () => {
    expect(excerpt('one two three', 9)).toBe('one two …');
    expect(excerpt('😀😀😀', 2)).toBe('😀😀 …');
    expect(excerpt(' short ', 9)).toBe('short');
  });
  it('writes durations, counts and labels as people do', () => {
    expect([3.21, 59, 125, 7500].map(duration)).toEqual(['3.2 s', '59 s', '2 min 5 s', '2 h 5 min']);
    expect([plural(1, 'pair'), plural(1200, 'pair')]).toEqual(['1 pair', '1,200 pairs']);
    expect([metricLabel('ndcg@10'), metricLabel('hit_rate@7'), metricLabel('other')]).toEqual([
      'NDCG@10',
      'Hit rate@7',
      'other',
    ]);
  });
});

describe('smooth', () => {
  it('begins at the first value and follows slowly', () => {
    expect(smooth([2, 2, 2], 0.9)).toEqual([2, 2, 2].map((x) => expect.closeTo(x, 12) as number));
    expect(smooth([0, 1], 0.5)[1]).toBeCloseTo(2 / 3, 12);
    expect(smooth([3, 5], 0)).toEqual([3, 5]);
  });
  it('thins to first, last and what lies between, and averages runs', () => {
    expect(thinned([0, 1, 2, 3, 4, 5, 6, 7, 8], 3)).toEqual([0, 4, 8]);
    expect(averaged([0, 1, 2, 3, 4].map((x) => ({ x, y: 10 * x })), 3)).toEqual([{ x: 0.5, y: 5 }, { x: 2.5, y: 25 }, { x: 4, y: 40 }]); // prettier-ignore
  });
});

describe('pinLabel', () => {
  it('names the commit, and that of the Hub’s Parquet conversion where it was read', () => {
    const pin = { type: 'hub', id: 'a/b', commit: 'c1' } as const;
    expect(pinLabel(pin)).toBe('a/b at commit c1');
    expect(pinLabel({ ...pin, conversion: 'c2' })).toMatch(/at commit c1, .*Parquet conversion at commit c2$/);
    expect(pinLabel({ type: 'ready', label: 'mine', snapshot: { kind: 'k', key: 'x' } })).toBe('mine');
  });
});

describe('settingsFacts', () => {
  const snapshot = { kind: 'k', key: 'x' };
  const shown = (spec: object, pins: object): Record<string, string> => {
    const input = { spec: parseSpec(spec), pins } as Pick<PublishInput, 'spec' | 'pins'>;
    return Object.fromEntries(settingsFacts(input).map(({ label, value }) => [label, value]));
  };

  it('name Hub ids whole, of paths the last part, and no output folder', () => {
    const facts = shown(
      {
        model: 'org/model',
        dataset: { source: 'C:\\Users\\somebody\\pairs.jsonl' },
        prompts: { query: '/query: ' },
        output: { name: 'mine', directory: '/home/somebody/out' },
      },
      { model: { type: 'hub', id: 'org/model', commit: 'c' }, dataset: { type: 'local', label: 'pairs', snapshot } },
    );
    expect(facts).toMatchObject({ 'model.source': 'org/model', 'dataset.source': 'pairs', 'output.name': 'mine' });
    expect(facts['prompts.query']).toBe('/query: ');
    expect(JSON.stringify(facts)).not.toContain('somebody');
  });

  it('name ready files and folders by their last parts too', () => {
    const dataset = { train: '/home/somebody/train.json', test: 'somebody/test.json', validation: './somebody/beir' };
    const local = { type: 'local', label: 'x', snapshot };
    const facts = shown({ model: { random: { tokenizer: '../somebody/tiny' } }, dataset }, { model: local, dataset: local }); // prettier-ignore
    expect(facts).toMatchObject({ 'dataset.train': 'train', 'dataset.validation': 'beir', 'model.random.tokenizer': 'tiny' }); // prettier-ignore
    expect(JSON.stringify(facts)).not.toContain('somebody');
  });
});

describe('questionChanges', () => {
  const detail = (query: number, ndcg: number, rank: number | null, first: number) => ({
    query,
    answer: query,
    right: query,
    ndcg,
    rank,
    trueScore: 0.5,
    falseScore: 0.4,
    top: [{ document: first, score: 0.9 }],
  });
  const evaluation = (queries: ReturnType<typeof detail>[]) => ({
    metrics: {},
    queries,
    scores: { width: 0.01, true: [], false: [], bestFalse: [], trueMean: 0, falseMean: 0, bestFalseMean: 0 },
  });

  it('tells what was won and lost, with the texts and what stood first instead', () => {
    const { changes, won, lost } = questionChanges(
      evaluation([detail(0, 0.2, 7, 2), detail(1, 1, 1, 1), detail(2, 0.5, 3, 0)]),
      evaluation([detail(0, 1, 1, 0), detail(1, 0, null, 2), detail(2, 0.5, 3, 0)]),
      ['q0', 'q1', 'q2'],
      ['d0', 'd1', 'd2'],
    );
    expect(changes).toEqual([-1, 0, 0.8]);
    expect(won).toMatchObject([
      { question: 'q0', answer: 'd0', before: { insteadOf: { text: 'd2' } }, after: { insteadOf: null } },
    ]);
    expect(lost).toMatchObject([
      { question: 'q1', answer: 'd1', before: { insteadOf: null }, after: { rank: null, insteadOf: { text: 'd2' } } },
    ]);
  });

  it('shows the passage that is right for the very question, not the one that numbers its answer', () => {
    // Both questions are drawn with document 0; what the worse of the two models scored best is told.
    const own = (query: number, right: number, ndcg: number) => ({ ...detail(query, ndcg, 5, 3), answer: 0, right });
    const { won, lost } = questionChanges(
      evaluation([own(0, 1, 0.2), own(1, 4, 1)]),
      evaluation([own(0, 2, 1), own(1, 2, 0.5)]),
      ['q0', 'q1'],
      ['d0', 'd1', 'd2', 'd3', 'd4'],
    );
    expect(won).toMatchObject([{ question: 'q0', answer: 'd1' }]);
    expect(lost).toMatchObject([{ question: 'q1', answer: 'd2' }]);
  });
});

describe('dataFacts', () => {
  it('says so when the true answers that were cut could not be counted', () => {
    const input = {
      corpus: { parts: { train: { queries: 2, documents: 2, pairs: 2 } } },
      plan: { cut: {} },
      pins: { dataset: { type: 'hub', id: 'org/data', commit: 'c0ffee', conversion: false } },
    } as unknown as PublishInput;
    const facts = dataFacts(input, { maxSequenceLength: 16, cutAnswers: { train: 'too large' } });
    expect(facts.find(({ label }) => label === 'True answer cut (train)')?.value).toMatch(/not counted/);
  });
});
