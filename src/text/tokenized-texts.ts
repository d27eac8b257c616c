// Token ids of many texts in one array, as ragged rows, and their binary form in the store:
//   "TFRAGGED" | uint32 version | uint32 rows | uint32 values | int32 offsets [rows + 1] | int32 values, all little-endian.
// The same form keeps other lists of integers by text, such as each question's documents.
import { FinalError } from '../errors.js';

/** Token ids of texts: text `i` is `ids[offsets[i]] … ids[offsets[i + 1] - 1]`, special tokens included. */
export interface TokenizedTexts {
  ids: Int32Array;
  /** [texts + 1] */
  offsets: Int32Array;
}

const MAGIC = Buffer.from('TFRAGGED', 'latin1');
const VERSION = 1;
const HEADER_BYTES = MAGIC.length + 12;

/** How many texts there are. */
export function textCount(texts: TokenizedTexts): number {
  return texts.offsets.length - 1;
}

/** The token ids of one text, as a view. */
export function textAt(texts: TokenizedTexts, index: number): Int32Array {
  return texts.ids.subarray(texts.offsets[index], texts.offsets[index + 1]);
}

/** Joins rows of integers into one ragged array. */
export function packRows(rows: readonly ArrayLike<number>[]): TokenizedTexts {
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach((row, index) => (offsets[index + 1] = offsets[index]! + row.length));
  const ids = new Int32Array(offsets[rows.length]!);
  rows.forEach((row, index) => ids.set(row, offsets[index]));
  return { ids, offsets };
}

/** Joins ragged arrays, one after the other. */
export function joinTexts(blocks: readonly TokenizedTexts[]): TokenizedTexts {
  const texts = blocks.reduce((sum, block) => sum + textCount(block), 0);
  const ids = new Int32Array(blocks.reduce((sum, block) => sum + block.ids.length, 0));
  const offsets = new Int32Array(texts + 1);
  let row = 0;
  let end = 0;
  for (const block of blocks) {
    ids.set(block.ids, end);
    for (let i = 1; i < block.offsets.length; i++) offsets[++row] = end + block.offsets[i]!;
    end += block.ids.length;
  }
  return { ids, offsets };
}

/** The binary form; the same texts always give the same bytes. */
export function encodeTexts(texts: TokenizedTexts): Uint8Array {
  const rows = textCount(texts);
  const bytes = Buffer.alloc(HEADER_BYTES + 4 * (texts.offsets.length + texts.ids.length));
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(VERSION, 8);
  bytes.writeUInt32LE(rows, 12);
  bytes.writeUInt32LE(texts.ids.length, 16);
  writeIntegers(bytes, HEADER_BYTES, texts.offsets);
  writeIntegers(bytes, HEADER_BYTES + 4 * texts.offsets.length, texts.ids);
  return bytes;
}

/**
 * Reads the binary form back.
 *
 * @throws FinalError `InvalidData` when it is of another version or size.
 */
export function decodeTexts(bytes: Uint8Array): TokenizedTexts {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < HEADER_BYTES || !buffer.subarray(0, 8).equals(MAGIC) || buffer.readUInt32LE(8) !== VERSION) {
    throw new FinalError('InvalidData', `decodeTexts: a TFRAGGED file of version ${VERSION} is needed`);
  }
  const rows = buffer.readUInt32LE(12);
  const values = buffer.readUInt32LE(16);
  const size = HEADER_BYTES + 4 * (rows + 1 + values);
  if (buffer.length !== size) {
    throw new FinalError('InvalidData', `decodeTexts: ${rows} rows take ${size} bytes, got ${buffer.length}`);
  }
  const offsets = readIntegers(buffer, HEADER_BYTES, rows + 1);
  return { offsets, ids: readIntegers(buffer, HEADER_BYTES + 4 * (rows + 1), values) };
}

// Every platform that ONNX Runtime runs on is little-endian, so the arrays' own bytes are the file's.
function writeIntegers(target: Buffer, at: number, values: Int32Array): void {
  target.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
}

function readIntegers(source: Buffer, at: number, count: number): Int32Array {
  const values = new Int32Array(count);
  new Uint8Array(values.buffer).set(source.subarray(at, at + 4 * count));
  return values;
}
