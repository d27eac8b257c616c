import { describe, expect, it } from 'vitest';
import { SECRETS } from '../../test/support/secrets.js';
import { FinalError } from '../errors.js';
import { parseSpec } from './parse.js';

const refusal = (spec: unknown): FinalError => {
  try {
    parseSpec(spec);
  } catch (error) {
    if (error instanceof FinalError) return error;
  }
  throw new Error('the spec should have been refused');
};

describe('a spec with a secret', () => {
  it.each(SECRETS)('is refused for %s, which the message does not repeat', (_, text, secret) => {
    for (const [spec, field] of [
      [{ model: 'org/model', dataset: { source: text } }, 'dataset.source'],
      [{ model: { source: 'org/model', revision: text }, dataset: 'pairs.jsonl' }, 'model.revision'],
      [{ model: 'org/model', dataset: { source: 'pairs.jsonl', strip: ['a', `see ${text}`] } }, 'dataset.strip.1'],
      [{ model: 'org/model', dataset: 'pairs.jsonl', hubToken: text }, 'hubToken'],
      [{ model: 'org/model', dataset: 'pairs.jsonl', training: { [text]: 1 } }, 'training'],
    ] as const) {
      const { type, message } = refusal(spec);
      expect(type).toBe('InvalidSpec');
      expect(message).toMatch(new RegExp(`^${field}: no secret may stand here.*what looks like .*HF_TOKEN`));
      expect(message).not.toContain(secret);
    }
  });

  it.each([
    'sk-',
    'sk-a_',
    'sk-a1-',
    'eyJaaaaaaaa-',
    'eyJaaaaaaaa.eyJaaaaaaaa-',
    'a.',
    'a+b://',
    'https://a',
    'https://a?',
    'https://a?b&',
    'https://a?token',
    'Basic ',
    'Basic a.',
    '-----BEGIN ',
    'hf_',
    'ghp_',
    'a@',
  ])('that repeats "%s" as often as fits is looked through at once', (part) => {
    const text = part.repeat(10_000 / part.length);
    const began = performance.now();
    // A hundred of them: a start of some 1 MB.
    const strip = new Array<string>(100).fill(text);
    try {
      parseSpec({ model: 'm', dataset: { source: 'd', strip } });
    } catch (error) {
      expect(error).toMatchObject({ type: 'InvalidSpec' });
    }
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it('or any other text is not looked through when it is too long to be anything', () => {
    const { type, message } = refusal({ model: 'm', dataset: 'sk-'.repeat(700_000) });
    expect(type).toBe('InvalidSpec');
    expect(message).toBe('dataset: a text may have at most 10000 characters, got 2100000.');
  });

  it('is told from names and paths that only look a little like one', () => {
    const names = ['org/hf_transformers', 'sk-learn/embeddings', 'BAAI/bge-small-en-v1.5', './a@b/c', 'basic/answers'];
    for (const name of names) expect(() => parseSpec({ model: name, dataset: { source: name } })).not.toThrow();
    const paths = [
      './data/sk-questions_and_answers.jsonl',
      'data/sk-faq_2024_customers.csv',
      'acme/sk-sts_benchmark_translated',
    ];
    for (const source of paths) expect(() => parseSpec({ model: source, dataset: { source } })).not.toThrow();
    const strip = [
      'see https://example.org/a?page=2',
      'mail me@example.org',
      'the Bearer of news',
      'a basic mathematics/physics question: ',
    ];
    expect(() => parseSpec({ model: 'm', dataset: { source: 'd', strip } })).not.toThrow();
  });
});
