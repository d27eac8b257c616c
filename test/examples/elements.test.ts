// The quickstart's data: the shipped files are what the script writes, and they hold what a fair test needs.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { groupOf, periodOf, readElements } from '../../examples/elements/elements.mjs';
import { elementFiles, elementPairs } from '../../examples/elements/make-elements.mjs';
import { fill } from '../../examples/elements/phrasings.mjs';
import { SPOKEN_QUESTIONS } from '../../examples/elements/spoken-questions.mjs';
import { contentId, normaliseQuestion, type RetrievalFile } from '../../examples/retrieval-file.mjs';

const folder = new URL('../../examples/elements/', import.meta.url);
const shipped = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
const set = (name: string): RetrievalFile => JSON.parse(shipped(name)) as RetrievalFile;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

describe('the files of examples/elements', () => {
  it('are exactly what the script writes', () => {
    for (const [name, content] of Object.entries(elementFiles())) expect(shipped(name) === content, name).toBe(true);
  });

  it.each(['train.json', 'test.json'])(
    'hold, in %s, one relevant document a question, under ids of their content',
    (name) => {
      const { queries, corpus, relevant_docs: relevant, mode, ...others } = set(name);
      expect(mode).toBe('text');
      expect(others).toEqual({});
      expect(Object.keys(relevant)).toEqual(Object.keys(queries));
      for (const [id, text] of Object.entries(queries)) expect(id).toBe(contentId('query', text));
      for (const [id, text] of Object.entries(corpus)) expect(id).toBe(contentId('document', text));
      for (const id of [...Object.keys(queries), ...Object.keys(corpus)]) expect(id).toMatch(UUID);
      for (const documents of Object.values(relevant)) {
        expect(documents).toHaveLength(1);
        expect(corpus).toHaveProperty(documents[0] ?? '');
      }
    },
  );

  it('are large enough: 1,000 training pairs, 600 test questions, 600 documents', () => {
    const train = set('train.json');
    const test = set('test.json');
    expect(Object.keys(train.queries).length).toBeGreaterThanOrEqual(1000);
    expect(Object.keys(test.queries).length).toBeGreaterThanOrEqual(600);
    expect(new Set(Object.values(test.corpus)).size).toBeGreaterThanOrEqual(600);
  });

  it('ask the same facts in both parts, but no question twice', () => {
    const { train, test } = elementPairs();
    const trainQuestions = train.map(({ question }) => normaliseQuestion(question));
    const testQuestions = test.map(({ question }) => normaliseQuestion(question));
    expect(new Set([...trainQuestions, ...testQuestions]).size).toBe(train.length + test.length);
    expect(new Set(test.map(({ answer }) => answer))).toEqual(new Set(train.map(({ answer }) => answer)));
  });

  it('have a place for every question in everyday words', () => {
    const questions = new Set(elementPairs().test.map(({ question }) => question));
    for (const { question } of SPOKEN_QUESTIONS) expect(questions).toContain(question);
  });
});

describe('the table of the elements', () => {
  const elements = readElements();

  it('has all 118 numbers, each with a symbol and a name of its own', () => {
    expect(elements.map(({ number }) => number)).toEqual(Array.from({ length: 118 }, (_, index) => index + 1));
    expect(new Set(elements.map(({ symbol }) => symbol)).size).toBe(118);
    expect(new Set(elements.map(({ name }) => name)).size).toBe(118);
    for (const { symbol, name, latin } of elements) {
      expect(symbol).toMatch(/^[A-Z][a-z]?$/);
      expect((latin || name).toLowerCase().startsWith(symbol.charAt(0).toLowerCase()), name).toBe(true);
    }
  });

  it('agrees with the group and period that follow from the number', () => {
    const family = (category: string): number[] =>
      elements.filter((element) => element.category === category).map(({ number }) => number);
    expect(family('noble gas').map(groupOf)).toEqual([18, 18, 18, 18, 18, 18]);
    expect(family('halogen').map(groupOf)).toEqual([17, 17, 17, 17, 17]);
    expect(family('alkali metal').map(groupOf)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(family('alkaline earth metal').map(groupOf)).toEqual([2, 2, 2, 2, 2, 2]);
    expect(family('group 12 metal').map(groupOf)).toEqual([12, 12, 12]);
    expect(family('lanthanide')).toEqual(Array.from({ length: 15 }, (_, index) => 57 + index));
    expect(family('actinide')).toEqual(Array.from({ length: 15 }, (_, index) => 89 + index));
    expect(family('transactinide')).toEqual(Array.from({ length: 15 }, (_, index) => 104 + index));
    for (const number of family('transition metal'))
      expect(groupOf(number)).toSatisfy((group: number) => group >= 3 && group <= 11);
    expect([1, 2, 3, 10, 11, 19, 37, 55, 87, 118].map(periodOf)).toEqual([1, 1, 2, 2, 3, 4, 5, 6, 7, 7]);
  });

  it('has weights that rise with the number but for the known inversions', () => {
    const stable = elements.filter(({ weight }) => weight !== '');
    const inverted = stable
      .filter((element, index) => Number(stable[index + 1]?.weight ?? Infinity) < Number(element.weight))
      .map(({ symbol }) => symbol);
    expect(inverted).toEqual(['Ar', 'Co', 'Te', 'Th']);
  });

  it('has states that fit the melting points', () => {
    for (const { name, state, melting } of elements) {
      if (melting === undefined) continue;
      expect(state === 'solid', name).toBe(melting > 25);
    }
    expect(elements.filter(({ state }) => state === 'liquid').map(({ symbol }) => symbol)).toEqual(['Br', 'Hg']);
    expect(elements.filter(({ state }) => state === 'gas')).toHaveLength(11);
  });

  it('names a discoverer for everything that was not known in antiquity', () => {
    for (const { name, year, discoverer } of elements) expect(discoverer === '', name).toBe(year === 'antiquity');
  });
});

describe('fill', () => {
  it('refuses a phrasing with a value that the fact has not', () => {
    expect(() => fill('What is {colour}?', { name: 'iron' })).toThrow('{colour}');
  });
});
