// Split: which pairs are for training, for choosing the epoch, for the test. Pairs that share a question or an answer hang together
// (pair-groups.ts) and stay together: their part follows from the hash of one of their answers, so that the split stays as data grows,
// and no training seed touches it. Splits that the data came with are kept as they are.
import { readArtifact, remember } from '../artifacts/artifact.js';
import type { StageContext } from '../artifacts/stage-context.js';
import type { BlobRef } from '../artifacts/store.js';
import { FinalError } from '../errors.js';
import { isReadyDataset, type TableDatasetSpec } from '../spec/spec.js';
import type { SplitInput, SplitResult } from '../spec/preparation-stages.js';
import type { Part } from '../spec/stages.js';
import { decideParts, partOf, PARTS, type PartRule, type SplitFile } from './decide-parts.js';
import { chunked, readLines } from './json-lines.js';
import type { PairsFacts } from './pairs.js';

const VERSION = 2;

/** Facts of a `split` artifact; its blobs are `<part>.jsonl`. */
export interface SplitFacts {
  parts: Partial<Record<Part, number>>;
  dropped: Record<string, number>;
  warnings: string[];
  [key: string]: unknown;
}

/**
 * Splits pairs into parts.
 *
 * Unless the data came with a test split, a group of pairs of the training data is in the test part when hash(dataset.seed, answer) <
 * testRatio, for the normalised answer that stands for the group; that is the answer itself where its questions have no other. A group
 * of several answers that is larger than the whole part should be is in train. A question of a given test or validation split that the
 * training data has too, normalised, is dropped and counted; so is an exact repetition of a pair within its part.
 *
 * @throws FinalError `InvalidSpec` or `InvalidData` when a part would be empty.
 */
export async function splitPairs(input: SplitInput, context: StageContext): Promise<SplitResult> {
  const { dataset, keep } = input;
  if (isReadyDataset(dataset)) throw new Error('splitPairs: ready files are not split');
  const pairs = await readArtifact<PairsFacts>(context.store, input.pairs);
  const given = new Set(pairs.facts.splits.map(({ name }) => partOf(name)));
  const rule: PartRule = {
    seed: dataset.seed,
    testRatio: given.has('test') ? 0 : dataset.testRatio,
    validationRatio: keep === 'best' && !given.has('validation') ? dataset.validationRatio : 0,
  };
  if (rule.testRatio === 0 && !given.has('test')) {
    throw new FinalError(
      'InvalidSpec',
      `dataset.testRatio: above 0 is needed when no test split is given, got ${dataset.testRatio} with splits ${dataset.splits.join(', ')}. Set testRatio (0.2, for example), or name a test split.`,
    );
  }
  const { kind, key, facts } = await remember<SplitFacts>({
    store: context.store,
    kind: 'split',
    version: VERSION,
    inputs: { pairs: input.pairs.key, ...rule },
    make: () => makeParts(pairs.facts, pairs.blobs, rule, dataset, context),
  });
  for (const warning of facts.warnings) context.warn(warning);
  return { artifact: { kind, key }, parts: facts.parts, dropped: facts.dropped };
}

async function makeParts(
  pairs: PairsFacts,
  blobs: Record<string, BlobRef>,
  rule: PartRule,
  dataset: TableDatasetSpec,
  context: StageContext,
): Promise<{ blobs: Record<string, BlobRef>; facts: SplitFacts }> {
  const splits: SplitFile[] = [];
  for (const { name, blob, kept } of pairs.splits) {
    const ref = blobs[blob];
    if (!ref) throw new Error(`splitPairs: the pairs have no blob ${blob}`);
    splits.push({ name, kept, path: await context.store.blobPath(ref) });
  }
  const total = splits.reduce((sum, { kept }) => sum + kept, 0);
  // Every pair is met twice: when its part is decided, and when it is written.
  let met = 0;
  const report = (count: number): void => {
    context.signal.throwIfAborted();
    met += count;
    context.progress({ stage: 'split', done: Math.floor(met / 2), total, unit: 'rows' });
  };
  const { places, dropped, tooLarge } = await decideParts(splits, rule, report);
  const warnings = Object.values(tooLarge).map((what) => `dataset: ${what}.`);
  const facts: SplitFacts = { parts: {}, dropped, warnings };
  report(Object.values(dropped).reduce((sum, count) => sum + count, 0));

  async function* linesOf(part: Part): AsyncGenerator<string> {
    const number = PARTS.indexOf(part);
    for (const { name, path } of splits) {
      const given = partOf(name);
      // Only training data is divided further.
      if (given !== part && given !== 'train') continue;
      const own = places.get(name);
      let index = 0;
      // The lines are those of `pairLine` and stay as they are.
      for await (const batch of readLines(path, 'pairs')) {
        const lines = batch.filter(() => own?.[index++] === number).map(({ text }) => `${text}\n`);
        if (lines.length > 0) facts.parts[part] = (facts.parts[part] ?? 0) + lines.length;
        report(lines.length);
        yield lines.join('');
      }
    }
  }

  const made: Record<string, BlobRef> = {};
  for (const part of PARTS) {
    const isWanted =
      part === 'validation' ? rule.validationRatio > 0 || splits.some(({ name }) => partOf(name) === part) : true;
    if (!isWanted) continue;
    made[`${part}.jsonl`] = await context.store.putBytes(chunked(linesOf(part)));
    if (!facts.parts[part]) throw emptyPart(part, rule, dataset, facts, tooLarge[part]);
  }
  return { blobs: made, facts };
}

function emptyPart(
  part: Part,
  rule: PartRule,
  dataset: TableDatasetSpec,
  { parts, dropped }: SplitFacts,
  tooLarge: string | undefined,
): FinalError {
  const counts = [...Object.entries(parts), ...Object.entries(dropped)]
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
  const say = (text: string): FinalError => new FinalError('InvalidData', `${text} Pairs: ${counts || 'none'}.`);
  const ratio = part === 'validation' ? 'validationRatio' : 'testRatio';
  if (part === 'train') {
    return say(
      `dataset.${rule.testRatio > 0 ? 'testRatio' : 'splits'}: nothing is left to train on with testRatio ${dataset.testRatio}. Lower it, or give more data with different answers.`,
    );
  }
  if (rule[ratio] > 0) {
    const empty = `dataset.${ratio}: the ${part} part is empty with ${ratio} ${rule[ratio]} and seed ${rule.seed}:`;
    return say(
      tooLarge === undefined
        ? `${empty} too few different answers. Raise it, change dataset.seed, or give a ${part} split.`
        : `${empty} ${tooLarge}. Take out the questions and answers that nearly every pair shares, or give a ${part} split.`,
    );
  }
  return say(`dataset.splits: the ${part} split holds no question that does not stand in train.`);
}
