// The no-duplicates sampler: walk the shuffled pairs, take each one whose question and answer are not in the batch yet, leave the others
// for later batches; the rule of NoDuplicatesBatchSampler in sentence-transformers, in time that does not grow with its square.
import type { TrainingPairs } from './batches.js';
import { PositionHeap } from './position-heap.js';

/**
 * Batches of the shuffled pairs in which no text stands twice; those near the end may be small.
 *
 * The walk itself takes time with the square of the pairs when a text stands in very many of them: each batch would pass over all that
 * wait. So pairs wait in queues, one for each text (a pair waits under the more frequent of its two), and a heap gives the queue whose
 * next pair comes first in the shuffled order. A queue whose text is in the batch is passed over at once. The batches are those of the walk.
 */
export function batchesWithoutDuplicates(order: Int32Array, pairs: TrainingPairs, batchSize: number): Int32Array[] {
  const queues = new WaitingPairs(order, pairs);
  const batches: Int32Array[] = [];
  while (queues.waiting > 0) batches.push(queues.nextBatch(batchSize));
  return batches;
}

/** Shuffled pairs in queues by text; a position is a pair's place in the shuffled order. */
class WaitingPairs {
  waiting: number;
  /** By position: the queue it waits in, and the next position there (-1 = none). */
  private readonly queueOf: Int32Array;
  private readonly next: Int32Array;
  /** By queue: its first position, and where the walk of the present batch stands (-1 = passed over). */
  private readonly head: Int32Array;
  private readonly cursor: Int32Array;
  private readonly heap: PositionHeap;

  constructor(
    private readonly order: Int32Array,
    private readonly pairs: TrainingPairs,
  ) {
    const { queryIdentities, documentIdentities } = pairs;
    const size = order.length;
    this.waiting = size;
    this.queueOf = new Int32Array(size);
    this.next = new Int32Array(size).fill(-1);
    let identities = 0;
    for (let i = 0; i < size; i++)
      identities = Math.max(identities, queryIdentities[i]! + 1, documentIdentities[i]! + 1);
    const frequency = new Int32Array(identities);
    for (let i = 0; i < size; i++) {
      frequency[queryIdentities[i]!]!++;
      frequency[documentIdentities[i]!]!++;
    }
    this.head = new Int32Array(identities).fill(-1);
    const tail = new Int32Array(identities).fill(-1);
    const heads: number[] = [];
    for (let position = 0; position < size; position++) {
      const query = queryIdentities[order[position]!]!;
      const document = documentIdentities[order[position]!]!;
      const queue = frequency[query]! > frequency[document]! ? query : document;
      this.queueOf[position] = queue;
      if (tail[queue] === -1) {
        this.head[queue] = position;
        heads.push(position);
      } else {
        this.next[tail[queue]!] = position;
      }
      tail[queue] = position;
    }
    this.cursor = this.head.slice();
    this.heap = new PositionHeap(heads);
  }

  nextBatch(batchSize: number): Int32Array {
    const { queryIdentities, documentIdentities } = this.pairs;
    const batch: number[] = [];
    const texts = new Set<number>();
    const touched = new Set<number>();
    /** The pair before the cursor in its queue, for queues whose walk went past a pair. */
    const before = new Map<number, number>();
    while (batch.length < batchSize) {
      const position = this.heap.pop();
      if (position === undefined) break;
      const queue = this.queueOf[position]!;
      if (this.cursor[queue] !== position) continue; // left over from an earlier walk
      touched.add(queue);
      if (texts.has(queue)) {
        this.cursor[queue] = -1;
        continue;
      }
      const pair = this.order[position]!;
      const query = queryIdentities[pair]!;
      const document = documentIdentities[pair]!;
      const following = this.next[position]!;
      if (texts.has(query) || texts.has(document)) {
        before.set(queue, position);
        this.cursor[queue] = following;
        if (following !== -1) this.heap.push(following);
        continue;
      }
      batch.push(pair);
      texts.add(query).add(document);
      const previous = before.get(queue);
      if (previous === undefined) this.head[queue] = following;
      else this.next[previous] = following;
      this.cursor[queue] = -1;
    }
    for (const queue of touched) {
      this.cursor[queue] = this.head[queue]!;
      if (this.head[queue] !== -1) this.heap.push(this.head[queue]!);
    }
    this.waiting -= batch.length;
    return Int32Array.from(batch);
  }
}
