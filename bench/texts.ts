// Real pairs from ../shared, the same for both sides, and the lengths that the rows speak of.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A question and the passage that answers it. */
export interface Pair {
  query: string;
  document: string;
}

/** Which pairs: `mixed` lengths (squadshifts), passages that `fill` 256 tokens (lyft-uber), or `short` ones (squad-sentences). */
export type PairKind = 'mixed' | 'full' | 'short';

/** So many pairs, spread over their file. */
export function readPairs(shared: string, kind: PairKind, count: number): Pair[] {
  const all = { mixed: squad, full: lyft, short: sentences }[kind](join(shared, 'data'));
  return Array.from({ length: count }, (_, at) => all[Math.floor((at * all.length) / count)]!);
}

/** Every passage of squadshifts once. */
export function readPassages(shared: string): string[] {
  return [...new Set(squad(join(shared, 'data')).map(({ document }) => document))];
}

function squad(data: string): Pair[] {
  const file = join(data, 'squadshifts/new_wiki_v1.0.json');
  const content = JSON.parse(readFileSync(file, 'utf8')) as {
    data: { paragraphs: { context: string; qas: { question: string }[] }[] }[];
  };
  return content.data.flatMap(({ paragraphs }) =>
    paragraphs.map(({ qas, context }) => ({ query: qas[0]!.question, document: context })),
  );
}

function lyft(data: string): Pair[] {
  const set = JSON.parse(readFileSync(join(data, 'lyft-uber/train_dataset.json'), 'utf8')) as {
    queries: Record<string, string>;
    corpus: Record<string, string>;
    relevant_docs: Record<string, string[]>;
  };
  return Object.entries(set.queries).map(([id, query]) => ({
    query,
    document: set.corpus[set.relevant_docs[id]![0]!]!,
  }));
}

function sentences(data: string): Pair[] {
  const lines = (side: string): string[] =>
    readFileSync(join(data, `squad-sentences/${side}-test.txt`), 'utf8')
      .trimEnd()
      .split('\n');
  const queries = lines('tgt');
  return lines('src').map((document, at) => ({ query: queries[at]!, document }));
}
