import { describe, expect, it } from 'vitest';
import { reportData } from '../../test/support/report-data.js';
import { bm25Sentence } from './metrics-table.js';
import { renderReport } from './report.js';

const HOSTILE = [
  `</script><script>alert(1)</script>`,
  `"><img src=x onerror=alert(1)>`,
  `</style></title></pre></svg><iframe src="https://evil.example"></iframe>`,
  `' onmouseover='alert(1)`,
  `<!-- ]]> --><svg/onload=alert(1)>`,
  `&lt;b&gt; & &amp;`,
  '${alert(1)} {{x}} \u202Egnp.exe \u0000\u0007',
].join(' ');

/** The page without its well-formed tags; whatever is left of `<` is text that broke out. */
function tagsOf(page: string): { tags: { name: string; attributes: string }[]; rest: string } {
  const tags: { name: string; attributes: string }[] = [];
  const rest = page.replace(
    /<\/?([a-z][a-z0-9]*)((?:\s+[a-zA-Z0-9:-]+(?:="[^"]*")?)*)\s*\/?>/gi,
    (_, name: string, attributes: string) => {
      tags.push({ name: name.toLowerCase(), attributes });
      return '';
    },
  );
  return { tags, rest };
}

const TAGS =
  'html head meta title style body a header p h1 h2 h3 div span ul ol li main nav section figure figcaption i b br table caption thead tbody tr th td dl dt dd pre code footer svg desc g path line circle rect text';

describe('renderReport', () => {
  it('says what happened, in words, first of all', async () => {
    const page = await renderReport(reportData());
    const text = page.replace(/<style>.*?<\/style>|<svg.*?<\/svg>|<[^>]+>/gs, ' ').replace(/\s+/g, ' ');
    expect(text).toContain(
      '▲ Improved The tuned model finds the right passage better than the base model: NDCG@10 0.510 → 0.610.',
    );
    expect(text).toContain('among the first 5 for 6 of 10 test questions; before it was for 5.');
    expect(text).toContain('with 95 % confidence it lies between +0.050 and +0.150');
    expect(text).toContain('Gallium melts in the hand.');
    expect(text).toContain('right passage: rank beyond 100 → 1 +1.000');
  });

  it.each([
    ['unclear', [-0.1, 0.1], /cannot be told.*so it may be chance/s],
    ['unclear', [0.1, 0.2], /too few answers to decide/],
    ['worse', [-0.2, -0.1], /Keep the base model/],
  ] as const)('tells a verdict "%s" with interval %j honestly', async (verdict, interval, words) => {
    const change = { verdict, metric: 'ndcg@10', difference: 0, interval: [...interval], resamples: 10 } as const;
    expect(await renderReport(reportData({ verdict: { ...change, interval: [interval[0], interval[1]] } }))).toMatch(
      words,
    );
  });

  it('lets no text from data become markup, wherever it stands', async () => {
    const hostile = <T>(value: T): T =>
      JSON.parse(JSON.stringify(value), (_, inner: unknown) => (typeof inner === 'string' ? HOSTILE : inner)) as T;
    const { verdict, keep, ...texts } = reportData({ warnings: ['w'], madeAt: 'now' });
    const page = await renderReport({ ...hostile(texts), verdict, keep });
    const { tags, rest } = tagsOf(page.replace('<!doctype html>', ''));
    expect(rest).not.toContain('<');
    const allowed = new Set(TAGS.split(' '));
    expect([...new Set(tags.map(({ name }) => name))].filter((name) => !allowed.has(name))).toEqual([]);
    expect(tags.filter(({ attributes }) => /\son|src=|href="(?!#)/i.test(attributes))).toEqual([]);
    expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(page).not.toMatch(/[\u202e\u0000\u0007]/);
  });

  it('forbids scripts and connections by its own policy, and needs neither', async () => {
    const page = await renderReport(reportData());
    expect(page).toContain(
      `content="default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;"`,
    );
    expect(page).not.toMatch(/<script|https?:\/\/|@import|url\(/i);
  });

  it('gives every plot a title and a description, and every id once', async () => {
    const page = await renderReport(reportData());
    const plots = page.match(/<svg role="img"[^>]*>\s*<title>[^<]+<\/title>\s*<desc>[^<]+<\/desc>/g) ?? [];
    expect(plots).toHaveLength(8);
    const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, id] of page.matchAll(/(?:href="#|aria-labelledby=")([^"]+)"/g)) expect(ids).toContain(id);
  });

  it('is the same text for the same data', async () => {
    expect(await renderReport(reportData())).toBe(await renderReport(reportData()));
  });

  it('copes with no steps, one epoch, no BM25, no change and no snippets', async () => {
    const page = await renderReport(
      reportData({
        losses: [],
        epochs: [{ epoch: 1, meanLoss: 1 }],
        bm25: null,
        changes: [],
        won: [],
        lost: [],
        load: [],
      }),
    );
    expect(page).toContain('No training step was recorded.');
    expect(page).toContain('No question got better.');
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('shows at most some hundred points of a long run', async () => {
    const losses = Array.from({ length: 300_000 }, (_, i) => ({ step: i + 1, epoch: 1, loss: 1 / (i + 1), learningRate: 1e-5, gradientNorm: i === 7 ? 2 : 1 })); // prettier-ignore
    const changes = Array.from({ length: 300_000 }, (_, i) => i / 300_000 - 0.5);
    const page = await renderReport(reportData({ losses, changes }));
    expect(page.length).toBeLessThan(250_000);
    expect(page).toContain('its largest value was 2.00');
  });
});

describe('the sentence on BM25', () => {
  it('admits it when word matching does better, and says so when they are equal', () => {
    expect(bm25Sentence(0.81, 0.67)).toMatch(
      /BM25\) reaches NDCG@10 0.810, the tuned model 0.670: here word matching finds more/,
    );
    expect(bm25Sentence(0.5, 0.502)).toMatch(/about equal/);
    expect(bm25Sentence(0.5, 0.7)).toMatch(/the model finds more than word matching/);
  });
  it('says of how many questions it speaks when they are a sample', async () => {
    const page = await renderReport(reportData({ bm25Questions: 12_345 }));
    expect(page).toMatch(
      /On 12,345 of the questions, drawn at random, plain word matching .* the tuned model 0\.\d+ on all of them:/,
    );
    expect(await renderReport(reportData())).not.toMatch(/drawn at random/);
  });
});
