import { describe, expect, it } from 'vitest';
import { jsonOutcome } from './output.js';
import { metricsTable, summary, verdictInWords } from './summary.js';
import type { FineTuneResult } from '../spec/publishing-stages.js';

const plain = (text: string): string => text.replace(/\u001b\[\d+m/g, '');

const result: FineTuneResult = {
  model: { path: '/out/data/embeddings/tiny', sha256: 'abc' },
  metrics: { before: { 'ndcg@10': 0.5, 'map@100': 0.4 }, after: { 'ndcg@10': 0.75, 'map@100': 0.3 }, epochs: [] },
  verdict: { verdict: 'improved', metric: 'ndcg@10', difference: 0.25, interval: [0.125, 0.375], resamples: 10_000 },
  training: { pairs: 100, seconds: 4, pairsPerSecond: 25, peakMemoryMb: 512 },
  publishedEpoch: 2,
  report: '/out/data/embeddings/tiny/report.html',
  bitIdentical: true,
  warnings: ['3 texts were cut'],
  inputsSha256: 'def',
};

describe('summary', () => {
  it('holds the table, the verdict with its interval, and where model, report and page are', () => {
    const text = plain(summary(result, { uiPage: 'http://127.0.0.1:8233/x' }));
    expect(text).toMatch(/ndcg@10\s*│\s*0\.5000 │ 0\.7500 │ \+0\.2500/);
    expect(text).toMatch(/map@100\s*│\s*0\.4000 │ 0\.3000 │ −0\.1000/);
    for (const part of [
      'improved: retrieval got better. NDCG@10 changed by +0.2500 (95 % interval +0.1250 to +0.3750',
      '/out/data/embeddings/tiny/report.html',
      'http://127.0.0.1:8233/x',
      '! 3 texts were cut',
      'SentenceTransformer("/out/data/embeddings/tiny")',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('says of an unclear or bad outcome what it is', () => {
    const unclear = (low: number, high: number): string =>
      plain(verdictInWords({ ...result.verdict, verdict: 'unclear', interval: [low, high] }));
    expect(unclear(-0.125, 0.375)).toMatch(/^unclear: the difference may be chance\./);
    expect(unclear(0, 0)).toMatch(/^unclear: the difference may be chance\./);
    expect(unclear(0.25, 0.25)).toMatch(/^unclear: too few test answers to decide\./);
    expect(unclear(-0.25, -0.125)).toMatch(/^unclear: too few test answers to decide\./);
    expect(plain(verdictInWords({ ...result.verdict, verdict: 'worse', difference: -0.1 }))).toMatch(
      /^worse: .*by −0\.1000/,
    );
  });

  it('shows unknown metrics rather than none', () => {
    expect(plain(metricsTable({ other: 0.1 }, { other: 0.2 }))).toContain('other');
  });
});

describe('jsonOutcome', () => {
  it('has the keys that programs read, and no others', () => {
    expect(jsonOutcome({ workflowId: 'w', runId: 'r', status: 'COMPLETED' }, result)).toEqual({
      workflowId: 'w',
      runId: 'r',
      status: 'COMPLETED',
      model: result.model,
      metrics: { before: result.metrics.before, after: result.metrics.after },
      verdict: result.verdict,
      training: result.training,
      report: result.report,
    });
  });
});
