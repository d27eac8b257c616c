// Dropout masks whose every value is a function of (seed, step, site, the text's place in the batch, the element's place in the
// text) and of nothing else: not of the grouping, the micro-batch or the order of work. A counter-based hash gives them (rounds of
// Ellis's lowbias32, https://nullprogram.com/blog/2018/07/31/); each hash decides two elements by 16 bits each (mask-code.ts).
import { compileMaskCode, MARGIN, type MaskCode } from './mask-code.js';
import type { PackedBatch, FeedArray } from './packing.js';
import { DROPOUT_SITES, maskInput } from './packed-names.js';

/** What masks are made for. */
export interface MaskOptions {
  rates: { hidden: number; attention: number };
  seed: number;
  /** Step of training, from 0 over the whole run. */
  step: number;
  /** Place in the whole batch of each text of the packed (micro-)batch. */
  places: ArrayLike<number>;
  layers: number;
  heads: number;
  hiddenSize: number;
}

/** Adds the masks (uint8, 1 keeps) of all sites whose rate is above 0 to the batch's feeds. */
export function addDropoutMasks(batch: PackedBatch, options: MaskOptions): void {
  const { rates, layers } = options;
  const hidden = (site: string, number: number): void => {
    if (rates.hidden > 0) batch.feeds.set(maskInput(site), hiddenMask(batch, number, options));
  };
  hidden(DROPOUT_SITES.embeddings, 0);
  for (let layer = 0; layer < layers; layer++) {
    const first = 1 + 3 * layer;
    if (rates.attention > 0) {
      batch.groups.forEach((_, group) => {
        const mask = attentionMask(batch, group, first, options);
        batch.feeds.set(maskInput(DROPOUT_SITES.attention(layer), group), mask);
      });
    }
    hidden(DROPOUT_SITES.attentionOutput(layer), first + 1);
    hidden(DROPOUT_SITES.feedForward(layer), first + 2);
  }
}

/** `[rows, hidden]`; a text's elements are counted row by row. */
function hiddenMask({ lengths, offsets, rows }: PackedBatch, site: number, options: MaskOptions): FeedArray {
  const { hiddenSize, rates } = options;
  const data = new Uint8Array(rows * hiddenSize);
  lengths.forEach((length, text) => {
    const count = length * hiddenSize;
    const part = { blocks: 1, rows: 1, length: count, stride: count, blockBytes: count };
    writeMask(data, offsets[text]! * hiddenSize, part, rates.hidden, maskKey(options, site, text));
  });
  return { data, dims: [rows, hiddenSize] };
}

/** `[room, heads, places, places]`; a text's elements are counted by (head, query, key) without its padding, which stays 0. */
function attentionMask({ lengths, groups }: PackedBatch, group: number, site: number, options: MaskOptions): FeedArray {
  const { heads, rates } = options;
  const { texts, room, places } = groups[group]!;
  const size = heads * places * places;
  const data = new Uint8Array(room * size);
  texts.forEach((text, row) => {
    const length = lengths[text]!;
    const part = { blocks: heads, rows: length, length, stride: places, blockBytes: places * places };
    writeMask(data, row * size, part, rates.attention, maskKey(options, site, text));
  });
  return { data, dims: [room, heads, places, places] };
}

/** Two words of key for a text at a site. */
interface MaskKey {
  first: number;
  second: number;
}

function maskKey({ seed, step, places }: MaskOptions, site: number, text: number): MaskKey {
  // Seeds above 2³² count too.
  const words = [seed >>> 0, Math.floor(seed / 2 ** 32), step, site, places[text]!];
  const chain = (start: number): number => words.reduce((state, word) => mix((state + word) | 0), start);
  return { first: chain(0x243f6a88), second: chain(0x13198a2e) };
}

/** A bijection of 32-bit words in which every input bit reaches every output bit. */
function mix(word: number): number {
  let x = word ^ (word >>> 16);
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  return x ^ (x >>> 16);
}

/** How a text's elements lie: in blocks of `blockBytes`, each of rows of `length` elements and zeros up to `stride`, and zeros after them. */
interface MaskPart {
  blocks: number;
  rows: number;
  length: number;
  stride: number;
  blockBytes: number;
}

/** Made at the first mask: a training without dropout has none. */
let code: MaskCode | undefined;

/** Writes a text's mask to `target[start …]`: 0 with the given probability (to 1 in 65,536), else 1. */
function writeMask(
  target: Uint8Array,
  start: number,
  { blocks, rows, length, stride, blockBytes }: MaskPart,
  rate: number,
  { first: key0, second: key1 }: MaskKey,
): void {
  const threshold = Math.round(rate * 65536);
  if (threshold > 65535) return; // all are dropped
  code ??= compileMaskCode();
  const end = MARGIN + blocks * blockBytes;
  const memory = code.memory(end + MARGIN);
  for (let block = 0; block < blocks; block++) {
    const at = MARGIN + block * blockBytes;
    code.writeRows(at, rows, stride, length, block * rows * length, threshold, key0, key1);
    memory.fill(0, at + rows * stride, at + blockBytes);
  }
  target.set(memory.subarray(MARGIN, end), start);
}
