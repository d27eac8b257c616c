// One spelling an answer: answers that differ in white space alone are read as the first of them is written. As two documents, each would
// count as a wrong answer to the other's question.
import { KeyTable } from './key-table.js';
import { readPairs, type Pair } from './pairs.js';

/** Reads a part's pairs in batches, from the start each time that it is called. */
export type ReadPairs = () => AsyncGenerator<Pair[]>;

/** A form's first spelling, when that is the form itself. */
const PLAIN = -1;

/**
 * Looks through a part for such answers.
 *
 * @param count Its number of pairs.
 */
export async function withOneSpelling(path: string, count: number): Promise<ReadPairs> {
  const first = await firstSpellings(path, count);
  if (first.size === 0) return () => readPairs(path);
  return async function* () {
    for await (const batch of readPairs(path)) {
      yield batch.map(({ question, answer }) => ({ question, answer: first.get(answer) ?? answer }));
    }
  };
}

/** By later spelling the first one; only answers that have several are kept. */
async function firstSpellings(path: string, count: number): Promise<Map<string, string>> {
  const forms = new KeyTable(count);
  const spellings = new KeyTable(count);
  const firstOf = new Int32Array(count);
  const later = new Map<string, number>();
  for await (const batch of readPairs(path)) {
    for (const { answer } of batch) {
      const known = forms.size;
      const text = formOf(answer);
      const form = forms.add(text);
      const spelling = answer === text ? PLAIN : spellings.add(answer);
      if (form === known) firstOf[form] = spelling;
      else if (firstOf[form] !== spelling) later.set(answer, form);
    }
  }
  if (later.size === 0) return new Map();
  // Texts were not kept: those that are needed now are read again.
  const wanted = new Set(later.values());
  const texts = new Map<number, string>();
  for await (const batch of readPairs(path)) {
    for (const { answer } of batch) {
      const form = forms.find(formOf(answer)) ?? 0;
      if (wanted.has(form) && !texts.has(form)) texts.set(form, answer);
    }
    if (texts.size === wanted.size) break;
  }
  return new Map([...later].map(([answer, form]) => [answer, texts.get(form) ?? answer]));
}

function formOf(answer: string): string {
  return answer.replace(/\s+/gu, ' ').trim();
}
