// The `pairs` artifact: question/answer pairs as JSON Lines, one blob a split; what transform makes and split reads.
import { readJsonLines } from './json-lines.js';

/** A question and its answer. */
export interface Pair {
  question: string;
  answer: string;
}

/** Facts of a `pairs` artifact; `splits` in the spec's order, `blob` names the split's blob. */
export interface PairsFacts {
  splits: { name: string; blob: string; rows: number; kept: number; dropped: Record<string, number> }[];
  [key: string]: unknown;
}

/** A pair as a line. */
export function pairLine({ question, answer }: Pair): string {
  return `${JSON.stringify({ question, answer })}\n`;
}

/** Pairs of a JSON Lines file that this project wrote, in order, in batches. */
export async function* readPairs(path: string): AsyncGenerator<Pair[]> {
  for await (const batch of readJsonLines(path, 'pairs')) yield batch.map(({ value }) => value as Pair);
}

/** The first pairs of a file, to show. */
export async function firstPairs(path: string, count: number): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for await (const batch of readPairs(path)) {
    pairs.push(...batch.slice(0, count - pairs.length));
    if (pairs.length >= count) break;
  }
  return pairs;
}
