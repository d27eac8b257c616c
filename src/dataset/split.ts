// Split: which pairs are for training, for choosing the epoch, for the test. By hash of the answer, so that no answer stands on
// both sides, the split stays as data grows, and no training seed touches it; splits that the data came with are kept as they are.
import { readArtifact, remember } from '../artifacts/artifact.js';
import type { StageContext } from '../artifacts/stage-context.js';
import type { BlobRef } from '../artifacts/store.js';
import { FinalError } from '../errors.js';
import { isReadyDataset, type TableDatasetSpec } from '../spec/spec.js';
import type { SplitInput, SplitResult } from '../spec/preparation-stages.js';
import type { Part } from '../spec/stages.js';
import { hashFraction, hashKey, normalise } from './content-hash.js';
import { canonicalSplit } from './detect-splits.js';
import { chunked } from './json-lines.js';
import { pairLine, readPairs, type PairsFacts } from './pairs.js';

const VERSION = 1;
/** In the order in which they are made: what stands in train decides what the others may hold. */
export const PARTS = ['train', 'validation', 'test'] as const satisfies readonly Part[];

/** Facts of a `split` artifact; its blobs are `<part>.jsonl`. */
export interface SplitFacts {
  parts: Partial<Record<Part, number>>;
  dropped: Record<string, number>;
  [key: string]: unknown;
}

/** How a pair's part is decided. */
interface Rule {
  seed: number;
  /** 0: no test part is taken out of the training data. */
  testRatio: number;
  /** 0: no validation part is taken out of the training data. */
  validationRatio: number;
}

/**
 * Splits pairs into parts.
 *
 * A pair of the training data is in the test part when hash(dataset.seed, normalised answer) < testRatio, unless the data came with
 * a test split. A test (or validation) question that also stands in train, normalised, is dropped and counted; so is an exact
 * repetition of a pair within its part.
 *
 * @throws FinalError `InvalidSpec` or `InvalidData` when a part would be empty.
 */
export async function splitPairs(input: SplitInput, context: StageContext): Promise<SplitResult> {
  const { dataset, keep } = input;
  if (isReadyDataset(dataset)) throw new Error('splitPairs: ready files are not split');
  const pairs = await readArtifact<PairsFacts>(context.store, input.pairs);
  const given = new Set(pairs.facts.splits.map(({ name }) => partOf(name)));
  const rule: Rule = {
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
  return { artifact: { kind, key }, parts: facts.parts, dropped: facts.dropped };
}

/** The part that a given split stands for; a name that says neither validation nor test is training data. */
function partOf(split: string): Part {
  const usual = canonicalSplit(split);
  return usual === 'validation' || usual === 'test' ? usual : 'train';
}

/** Where the hash puts a pair of the training data. */
function partByHash(answer: string, { seed, testRatio, validationRatio }: Rule): Part {
  const normal = normalise(answer);
  if (testRatio > 0 && hashFraction(`${seed}\n${normal}`) < testRatio) return 'test';
  if (validationRatio > 0 && hashFraction(`validation\n${seed}\n${normal}`) < validationRatio) return 'validation';
  return 'train';
}

async function makeParts(
  { splits }: PairsFacts,
  blobs: Record<string, BlobRef>,
  rule: Rule,
  dataset: TableDatasetSpec,
  context: StageContext,
): Promise<{ blobs: Record<string, BlobRef>; facts: SplitFacts }> {
  const paths = new Map<string, string>();
  for (const { name, blob } of splits) {
    const ref = blobs[blob];
    if (ref) paths.set(name, await context.store.blobPath(ref));
  }
  const facts: SplitFacts = { parts: {}, dropped: {} };
  const drop = (reason: string): void => {
    facts.dropped[reason] = (facts.dropped[reason] ?? 0) + 1;
  };
  const trainQuestions = new Set<string>();
  let done = 0;

  async function* linesOf(part: Part): AsyncGenerator<string> {
    const seen = new Set<string>();
    for (const { name } of splits) {
      const given = partOf(name);
      // Only training data is divided further.
      if (given !== part && given !== 'train') continue;
      for await (const batch of readPairs(paths.get(name) ?? '')) {
        context.signal.throwIfAborted();
        let lines = '';
        for (const pair of batch) {
          if ((given === 'train' ? partByHash(pair.answer, rule) : given) !== part) continue;
          const question = hashKey(normalise(pair.question));
          const whole = hashKey(JSON.stringify([pair.question, pair.answer]));
          if (seen.has(whole)) drop('exact duplicate');
          else if (part !== 'train' && trainQuestions.has(question)) drop(`${part} question stands in train`);
          else {
            if (part === 'train') trainQuestions.add(question);
            seen.add(whole);
            lines += pairLine(pair);
            facts.parts[part] = (facts.parts[part] ?? 0) + 1;
          }
          done++;
        }
        yield lines;
        context.progress({
          stage: 'split',
          done,
          total: splits.reduce((sum, { kept }) => sum + kept, 0),
          unit: 'rows',
        });
      }
    }
  }

  const made: Record<string, BlobRef> = {};
  for (const part of PARTS) {
    const isWanted =
      part === 'validation' ? rule.validationRatio > 0 || splits.some(({ name }) => partOf(name) === part) : true;
    if (!isWanted) continue;
    made[`${part}.jsonl`] = await context.store.putBytes(chunked(linesOf(part)));
    if (!facts.parts[part]) throw emptyPart(part, rule, dataset, facts);
  }
  return { blobs: made, facts };
}

function emptyPart(part: Part, rule: Rule, dataset: TableDatasetSpec, { parts, dropped }: SplitFacts): FinalError {
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
    return say(
      `dataset.${ratio}: the ${part} part is empty with ${ratio} ${rule[ratio]} and seed ${rule.seed}: too few different answers. Raise it, change dataset.seed, or give a ${part} split.`,
    );
  }
  return say(`dataset.splits: the ${part} split holds no question that does not stand in train.`);
}
