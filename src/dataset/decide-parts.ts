// Decides which part every pair is in. Training data first, by its groups (pair-groups.ts): what it asks, given validation and test
// splits may not ask again.
import { hashFraction, normalise } from './content-hash.js';
import { canonicalSplit } from './detect-splits.js';
import { KeyTable } from './key-table.js';
import { PairGroups } from './pair-groups.js';
import { readPairs, type Pair } from './pairs.js';
import type { Part } from '../spec/stages.js';

/** The parts in the order in which they are written; numbers in arrays are places in this list. */
export const PARTS = ['train', 'validation', 'test'] as const satisfies readonly Part[];
const NONE = 255;

/** How a pair's part is decided. */
export interface PartRule {
  seed: number;
  /** 0: no test part is taken out of the training data. */
  testRatio: number;
  /** 0: no validation part is taken out of the training data. */
  validationRatio: number;
}

/** A split of the `pairs` artifact: its file and the number of its pairs. */
export interface SplitFile {
  name: string;
  path: string;
  kept: number;
}

/** What was decided. */
export interface DecidedParts {
  /** By split: the number of every pair's part in `PARTS`, or another number for one that is dropped. */
  places: Map<string, Uint8Array>;
  dropped: Record<string, number>;
  /** By part: what was too large for it and why, for messages. */
  tooLarge: Partial<Record<Part, string>>;
}

/** The part that a given split stands for; a name that says neither validation nor test is training data. */
export function partOf(split: string): Part {
  const usual = canonicalSplit(split);
  return usual === 'validation' || usual === 'test' ? usual : 'train';
}

/**
 * Decides the part of every pair, in some 60 bytes of memory a pair.
 *
 * @param report Told after each batch how many pairs were read.
 */
export async function decideParts(
  splits: readonly SplitFile[],
  rule: PartRule,
  report: (pairs: number) => void,
): Promise<DecidedParts> {
  const decided: DecidedParts = { places: new Map(), dropped: {}, tooLarge: {} };
  const drop = (reason: string): number => {
    decided.dropped[reason] = (decided.dropped[reason] ?? 0) + 1;
    return NONE;
  };
  const of = (part: Part): SplitFile[] => splits.filter(({ name }) => partOf(name) === part);
  const training = await groupPairs(of('train'), rule, drop, report);
  const parts = new Uint8Array(training.groups.answerCount);
  for (const part of ['test', 'validation'] as const) {
    const ratio = rule[`${part}Ratio`];
    if (ratio === 0) continue;
    const { pairs, total } = training.groups.take(PARTS.indexOf(part), ratio, parts, training.drawn[part]);
    if (pairs > 0) {
      const most = training.groups.commonest();
      decided.tooLarge[part] =
        `${pairs} of ${total} pairs hang together by the questions and answers that they share (one question stands in ${most.question} pairs, one answer in ${most.answer}), more than ${part}Ratio ${ratio} has room for, and so they are all in train`;
    }
  }
  for (const [name, answers] of training.answers) {
    decided.places.set(
      name,
      new Uint8Array(answers.length).map((_, pair) => (answers[pair]! < 0 ? NONE : parts[answers[pair]!]!)),
    );
  }
  for (const part of ['validation', 'test'] as const) {
    const given = of(part);
    const seen = new KeyTable(given.reduce((sum, { kept }) => sum + kept, 0));
    const placeOf = (pair: Pair): number => {
      const answer = training.groups.answerTo(normalise(pair.question));
      if (answer !== undefined) return drop(`${part} question stands in ${PARTS[parts[answer]!] ?? ''}`);
      return isNew(seen, pair) ? PARTS.indexOf(part) : drop('exact duplicate');
    };
    for (const split of given) decided.places.set(split.name, await placePairs(split, placeOf, report));
  }
  return decided;
}

/** Places of a split's pairs, in their order. */
async function placePairs(
  { path, kept }: SplitFile,
  placeOf: (pair: Pair) => number,
  report: (pairs: number) => void,
): Promise<Uint8Array> {
  const places = new Uint8Array(kept);
  let index = 0;
  for await (const batch of readPairs(path)) {
    for (const pair of batch) places[index++] = placeOf(pair);
    report(batch.length);
  }
  return places;
}

interface GroupedPairs {
  groups: PairGroups;
  /** By split: the number of every pair's answer; -1 for a repetition. */
  answers: Map<string, Int32Array>;
  /** By answer: 1 where its hash falls to the part. */
  drawn: Record<'test' | 'validation', Uint8Array>;
}

async function groupPairs(
  splits: readonly SplitFile[],
  { seed, testRatio, validationRatio }: PartRule,
  drop: (reason: string) => void,
  report: (pairs: number) => void,
): Promise<GroupedPairs> {
  const count = splits.reduce((sum, { kept }) => sum + kept, 0);
  const groups = new PairGroups(count);
  const seen = new KeyTable(count);
  const drawn = { test: new Uint8Array(count), validation: new Uint8Array(count) };
  const answers = new Map<string, Int32Array>();
  for (const { name, path, kept } of splits) {
    const own = new Int32Array(kept);
    let index = 0;
    for await (const batch of readPairs(path)) {
      for (const pair of batch) {
        if (!isNew(seen, pair)) {
          drop('exact duplicate');
          own[index++] = -1;
          continue;
        }
        const known = groups.answerCount;
        const answer = normalise(pair.answer);
        const id = groups.add(normalise(pair.question), answer);
        own[index++] = id;
        if (id < known) continue;
        if (testRatio > 0 && hashFraction(`${seed}\n${answer}`) < testRatio) drawn.test[id] = 1;
        if (validationRatio > 0 && hashFraction(`validation\n${seed}\n${answer}`) < validationRatio) {
          drawn.validation[id] = 1;
        }
      }
      report(batch.length);
    }
    answers.set(name, own);
  }
  return { groups, answers, drawn };
}

function isNew(seen: KeyTable, { question, answer }: Pair): boolean {
  const known = seen.size;
  return seen.add(JSON.stringify([question, answer])) === known;
}
