import { describe, expect, it } from 'vitest';
import { pairsOf, planBatches, type TrainingPairs } from './batches.js';
import { permutation, randomStream } from '../random.js';

/** Pairs of random texts: `questions` and `answers` say how many different ones there are. */
function randomPairs(count: number, questions: number, answers: number, seed: number): TrainingPairs {
  const random = randomStream(seed);
  const queryIdentities = Int32Array.from({ length: count }, () => random.below(questions));
  // Some answers say the same as some questions.
  const documentIdentities = Int32Array.from(
    { length: count },
    () => Math.floor(questions / 2) + random.below(answers),
  );
  const index = Int32Array.from({ length: count }, (_, i) => i);
  return { queries: index, documents: index, queryIdentities, documentIdentities };
}

/** The sampler's rule, word for word: pass over the waiting pairs, take what does not clash. */
function plainWalk(
  { queryIdentities, documentIdentities }: TrainingPairs,
  order: Int32Array,
  batchSize: number,
): number[][] {
  const batches: number[][] = [];
  let waiting = [...order];
  while (waiting.length > 0) {
    const batch: number[] = [];
    const texts = new Set<number>();
    const left: number[] = [];
    for (const pair of waiting) {
      const clashes = texts.has(queryIdentities[pair]!) || texts.has(documentIdentities[pair]!);
      if (batch.length === batchSize || clashes) {
        left.push(pair);
        continue;
      }
      batch.push(pair);
      texts.add(queryIdentities[pair]!).add(documentIdentities[pair]!);
    }
    batches.push(batch);
    waiting = left;
  }
  return batches;
}

describe('planBatches', () => {
  it.each([
    { count: 200, questions: 200, answers: 200 },
    { count: 200, questions: 150, answers: 12 },
    { count: 200, questions: 9, answers: 150 },
    { count: 150, questions: 6, answers: 6 },
    { count: 7, questions: 3, answers: 1 },
  ])('makes the batches of the plain walk: $count pairs of $questions questions, $answers answers', (shape) => {
    for (let seed = 0; seed < 20; seed++) {
      const pairs = randomPairs(shape.count, shape.questions, shape.answers, seed);
      for (const batchSize of [2, 5, 16]) {
        const order = permutation(shape.count, randomStream(seed, 3));
        const expected = plainWalk(pairs, order, batchSize).filter((batch) => batch.length > 1);
        const batches = planBatches({ pairs, batchSize, seed, epoch: 3 });
        expect(batches.map((batch) => [...batch])).toEqual(expected);
      }
    }
  });

  it('never puts a text twice into a batch, and each pair at most once into an epoch', () => {
    const pairs = randomPairs(500, 300, 40, 1);
    const batches = planBatches({ pairs, batchSize: 8, seed: 42, epoch: 1 });
    for (const batch of batches) {
      const texts = [...batch].flatMap((i) => [...new Set([pairs.queryIdentities[i], pairs.documentIdentities[i]])]);
      expect(new Set(texts).size).toBe(texts.length);
    }
    const seen = batches.flatMap((batch) => [...batch]);
    expect(new Set(seen).size).toBe(seen.length);
  });

  it('gives the same batches for the same seed and epoch, and others for another', () => {
    const pairs = randomPairs(100, 100, 100, 1);
    const options = { pairs, batchSize: 10, seed: 42, epoch: 1 };
    expect(planBatches(options)).toEqual(planBatches(options));
    expect(planBatches({ ...options, epoch: 2 })).not.toEqual(planBatches(options));
    expect(planBatches({ ...options, seed: 43 })).not.toEqual(planBatches(options));
  });

  it('keeps a last batch of two, drops a last pair that stands alone', () => {
    const pairs = randomPairs(12, 10_000, 10_000, 1);
    const sizes = (batchSize: number): number[] =>
      planBatches({ pairs, batchSize, sampler: 'shuffle', seed: 1, epoch: 1 }).map((batch) => batch.length);
    expect(sizes(5)).toEqual([5, 5, 2]);
    expect(sizes(11)).toEqual([11]);
  });

  it('shuffles without regard to duplicates when asked', () => {
    const pairs = randomPairs(40, 1, 1, 1);
    expect(planBatches({ pairs, batchSize: 10, sampler: 'shuffle', seed: 1, epoch: 1 })).toHaveLength(4);
    expect(planBatches({ pairs, batchSize: 10, seed: 1, epoch: 1 })).toHaveLength(0);
  });

  it('plans a million pairs, half of them with one and the same answer', () => {
    const count = 1_000_000;
    const index = Int32Array.from({ length: count }, (_, i) => i);
    const documentIdentities = index.map((i) => (i % 2 === 0 ? count : count + 1 + i));
    const pairs = { queries: index, documents: index, queryIdentities: index, documentIdentities };
    const batches = planBatches({ pairs, batchSize: 10, seed: 1, epoch: 1 });
    expect(batches.reduce((sum, batch) => sum + batch.length, 0)).toBeGreaterThan(count / 2);
  });
});

describe('pairsOf', () => {
  it('lists the pairs in the order of the questions and carries their identities', () => {
    const relevant = [Int32Array.of(1, 0), Int32Array.of(), Int32Array.of(1)];
    const pairs = pairsOf({
      relevant,
      queryIdentities: Int32Array.of(5, 6, 7),
      documentIdentities: Int32Array.of(8, 9),
    });
    expect([...pairs.queries]).toEqual([0, 0, 2]);
    expect([...pairs.documents]).toEqual([1, 0, 1]);
    expect([...pairs.queryIdentities]).toEqual([5, 5, 7]);
    expect([...pairs.documentIdentities]).toEqual([9, 8, 9]);
  });
});
