// Packs texts for an encoder: all tokens in one row without padding, and the indices by which attention finds the texts in groups
// of like length. Where a group pads, one pad token (id 0, position 0, pooling weight 0) stands at the end of the row and every
// padding slot names it; it reaches no embedding, so its gradient is exactly 0 and no row of zeros is needed anywhere.
import { lengthGroups } from './length-groups.js';
import { groupInput, PACKED_INPUTS } from './packed-names.js';

/** A value to feed: row-major data with its dimensions. */
export interface FeedArray {
  data: Float32Array | Int32Array | Uint8Array;
  dims: number[];
}

/** Texts of like length; `texts` are indices into the batch. */
export interface PackedGroup {
  texts: number[];
  /** Rows for texts: theirs, or a single one where there are none. */
  room: number;
  /** Length of the longest. */
  places: number;
}

/** A batch ready to feed. */
export interface PackedBatch {
  groups: PackedGroup[];
  /** Tokens of each text. */
  lengths: Int32Array;
  /** First row of each text, and the number of real tokens at the end: `[texts + 1]`. */
  offsets: Int32Array;
  /** Rows of the packed batch: the real tokens and, when a group pads, the pad token. */
  rows: number;
  /** By input name. */
  feeds: Map<string, FeedArray>;
}

/** Options of {@link packTexts}. */
export interface PackOptions {
  /** So many groups; where texts are fewer, some are without. Default 8. */
  groupCount?: number;
  /** Attention heads of the encoder. */
  heads: number;
  /** Which tokens make up a text's embedding. */
  pooling: 'mean' | 'cls';
}

/** Groups of a batch, where nothing else is asked: 12 and 16 were no faster, 4 a little slower. */
export const GROUP_COUNT = 8;

/** Packs texts (token ids, at least one a text) in their order. */
export function packTexts(
  texts: readonly Int32Array[],
  { groupCount = GROUP_COUNT, heads, pooling }: PackOptions,
): PackedBatch {
  const lengths = Int32Array.from(texts, (text) => text.length);
  const empty = lengths.indexOf(0);
  if (texts.length === 0 || empty >= 0) {
    throw new Error(
      `packTexts: needs texts of at least one token, got ${texts.length === 0 ? 'none' : `0 tokens at text ${empty}`}`,
    );
  }
  const groups = groupsOf(lengths, groupCount);
  const offsets = new Int32Array(texts.length + 1);
  lengths.forEach((length, text) => (offsets[text + 1] = offsets[text]! + length));
  const tokens = offsets[texts.length]!;
  const isPadded = groups.some(
    ({ texts: [shortest], places }) => shortest !== undefined && lengths[shortest] !== places,
  );
  const rows = tokens + Number(isPadded);
  const feeds = new Map<string, FeedArray>();
  addTokens(feeds, texts, offsets, rows);
  addPooling(feeds, lengths, offsets, rows, pooling);
  addGroups(feeds, { groups, lengths, offsets, rows, heads });
  return { groups, lengths, offsets, rows, feeds };
}

/** As many for few texts as for many: a graph of its own for each count would hold memory of its own. */
function groupsOf(lengths: Int32Array, groupCount: number): PackedGroup[] {
  const filled = lengthGroups(lengths, groupCount).map((texts) => ({
    texts,
    room: texts.length,
    places: lengths[texts.at(-1)!]!,
  }));
  const empty = { texts: [], room: 1, places: 1 };
  return [...filled, ...new Array<PackedGroup>(groupCount - filled.length).fill(empty)];
}

function addTokens(
  feeds: Map<string, FeedArray>,
  texts: readonly Int32Array[],
  offsets: Int32Array,
  rows: number,
): void {
  const ids = new Int32Array(rows);
  const positions = new Int32Array(rows);
  texts.forEach((text, at) => {
    const first = offsets[at]!;
    ids.set(text, first);
    for (let i = 0; i < text.length; i++) positions[first + i] = i;
  });
  feeds.set(PACKED_INPUTS.inputIds, { data: ids, dims: [rows] });
  feeds.set(PACKED_INPUTS.positionIds, { data: positions, dims: [rows] });
}

function addPooling(
  feeds: Map<string, FeedArray>,
  lengths: Int32Array,
  offsets: Int32Array,
  rows: number,
  pooling: PackOptions['pooling'],
): void {
  const weights = new Float32Array(lengths.length * rows);
  lengths.forEach((length, text) => {
    const first = text * rows + offsets[text]!;
    if (pooling === 'cls') weights[first] = 1;
    else weights.fill(1 / length, first, first + length);
  });
  feeds.set(PACKED_INPUTS.pooling, { data: weights, dims: [lengths.length, rows] });
}

/**
 * Two numberings meet here. A *row* is (token, part, head) of the packed product, part being query, key or value. A *slot* is (part,
 * group, text, head, place) of the groups laid end to end. Each group's index says which row is at a slot, the inverse which slot
 * holds a row.
 */
function addGroups(
  feeds: Map<string, FeedArray>,
  {
    groups,
    lengths,
    offsets,
    rows,
    heads,
  }: { groups: PackedGroup[]; lengths: Int32Array; offsets: Int32Array; rows: number; heads: number },
): void {
  const padToken = offsets[lengths.length]!;
  const slots = groups.reduce((sum, { room, places }) => sum + room * heads * places, 0);
  const headInverse = new Int32Array(rows * heads);
  const qkvInverse = new Int32Array(rows * 3 * heads);
  let base = 0;
  groups.forEach(({ texts, room, places }, at) => {
    const size = room * heads * places;
    const [query, key, value, head] = [0, 1, 2, 3].map(() => new Int32Array(size)) as [
      Int32Array,
      Int32Array,
      Int32Array,
      Int32Array,
    ];
    // Where there is no text, all slots name row 0, and no inverse leads to them.
    texts.forEach((text, row) => {
      const length = lengths[text]!;
      for (let h = 0; h < heads; h++) {
        const first = (row * heads + h) * places;
        for (let i = 0; i < places; i++) {
          const token = i < length ? offsets[text]! + i : padToken;
          const slot = first + i;
          const own = token * 3 * heads + h;
          query[slot] = own;
          key[slot] = own + heads;
          value[slot] = own + 2 * heads;
          head[slot] = token * heads + h;
          // The pad token's row takes any padding slot: the gradient is 0 at each.
          headInverse[token * heads + h] = base + slot;
          for (let part = 0; part < 3; part++) qkvInverse[own + part * heads] = part * slots + base + slot;
        }
      }
    });
    const dims = [room, heads, places];
    for (const [name, data] of Object.entries({ query, key, value, head }) as ['query', Int32Array][]) {
      feeds.set(groupInput(name, at), { data, dims });
    }
    feeds.set(groupInput('lengths', at), {
      data: Int32Array.from({ length: room }, (_, row) => lengths[texts[row]!] ?? 0),
      dims: [room],
    });
    base += size;
  });
  feeds.set(PACKED_INPUTS.headInverse, { data: headInverse, dims: [rows, heads] });
  feeds.set(PACKED_INPUTS.qkvInverse, { data: qkvInverse, dims: [rows, 3 * heads] });
}
