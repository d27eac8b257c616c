import { describe, expect, it } from 'vitest';
import { promptWarning, resolvePrompts } from './prompts.js';

describe('resolvePrompts', () => {
  it('takes the explicit prompt, else the folder’s, else none; an explicit empty one counts', () => {
    const ofFolder = { query: 'query: ', passage: 'passage: ' };
    expect(resolvePrompts({}, ofFolder)).toEqual(ofFolder);
    expect(resolvePrompts({ query: 'ask: ' }, ofFolder)).toEqual({ query: 'ask: ', passage: 'passage: ' });
    expect(resolvePrompts({ query: '' }, ofFolder)).toEqual({ query: '', passage: 'passage: ' });
    expect(resolvePrompts({}, {})).toEqual({ query: '', passage: '' });
  });
});

describe('promptWarning', () => {
  it('names the prefixes that an E5 model lacks', () => {
    const warning = promptWarning(['BERT', 'intfloat/multilingual-e5-small'], { query: 'query: ', passage: '' });
    expect(warning).toMatch(/multilingual-e5-small.*"query: " and "passage: ".*got "query: " and ""/);
  });

  it('is silent when the prefixes are there, and for other models', () => {
    expect(promptWarning(['intfloat/e5-base-v2'], { query: 'query: ', passage: 'passage: ' })).toBeUndefined();
    expect(promptWarning(['BAAI/bge-small-en-v1.5', 'the-e51-model'], { query: '', passage: '' })).toBeUndefined();
  });
});
