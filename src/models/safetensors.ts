// Reads and writes safetensors files (https://huggingface.co/docs/safetensors): 8 bytes of header length, a JSON header that gives each
// tensor's type, shape and place, then the data. A header from a stranger is believed in nothing: lengths, places, overlaps and gaps
// are checked before any tensor is made. Floats come back as float32; integer tensors (position ids) are skipped. No 8-bit or
// 64-bit floats. Little-endian machines only, which are all that the package runs on.
import { open, type FileHandle } from 'node:fs/promises';
import { FinalError } from '../errors.js';
import { MAX_WEIGHT_BYTES } from '../sources/model-files.js';
import { shorten } from '../spec/shorten.js';
import { halfToFloat, bfloatToFloat } from './half-precision.js';

/** A float32 tensor in row-major order. */
export interface WeightTensor {
  shape: readonly number[];
  data: Float32Array;
}

/** Tensors by name; for models the names and layouts of PyTorch. */
export type Weights = Map<string, WeightTensor>;

/** What a file may ask for before it is refused. */
export interface SafetensorsLimits {
  /** Bytes of the JSON header; default 16 MiB (about 100,000 tensors). */
  headerBytes?: number;
  /** Bytes of the whole file; default 4 GiB. */
  fileBytes?: number;
}

/** A tensor as the header describes it; `begin` and `end` count from the end of the header. */
export interface TensorEntry {
  name: string;
  dtype: string;
  shape: number[];
  begin: number;
  end: number;
}

/** A checked header. */
export interface SafetensorsHeader {
  /** In the order of the data. */
  tensors: TensorEntry[];
  metadata: Record<string, string>;
  /** Where the data begins in the file. */
  dataOffset: number;
  dataBytes: number;
}

const LENGTH_BYTES = 8;
const READ_BYTES = 1 << 26;
/** Bits an element takes, by the format's names; floats that are not read have none. */
const ELEMENT_BITS: Readonly<Record<string, number>> = {
  F32: 32,
  F16: 16,
  BF16: 16,
  I64: 64,
  I32: 32,
  I16: 16,
  I8: 8,
  U64: 64,
  U32: 32,
  U16: 16,
  U8: 8,
  BOOL: 8,
};
const FLOATS_READ = ['F32', 'F16', 'BF16'];

/**
 * Reads every float tensor of a file as float32. Tensors may share one buffer; it belongs to the caller.
 *
 * @throws FinalError `InvalidData` when the file is cut short or its header cannot be true, `UnsupportedModel` for other float types or
 *   a file above the limit.
 */
export async function readSafetensors(path: string, limits: SafetensorsLimits = {}): Promise<Weights> {
  const file = await open(path, 'r');
  try {
    const header = await readHeader(file, path, limits);
    const data = await readRange(file, path, header.dataOffset, header.dataBytes);
    const weights: Weights = new Map();
    for (const entry of header.tensors) {
      if (isFloat(entry)) weights.set(entry.name, { shape: entry.shape, data: toFloat32(data, entry) });
    }
    return weights;
  } finally {
    await file.close();
  }
}

/**
 * Reads and checks the header alone.
 *
 * @throws FinalError as {@link readSafetensors} does.
 */
export async function readSafetensorsHeader(path: string, limits: SafetensorsLimits = {}): Promise<SafetensorsHeader> {
  const file = await open(path, 'r');
  try {
    return await readHeader(file, path, limits);
  } finally {
    await file.close();
  }
}

/** True for a tensor that is read as float32. */
export function isFloat({ dtype }: TensorEntry): boolean {
  return FLOATS_READ.includes(dtype);
}

/**
 * The bytes of a file, chunk by chunk, without copying the tensors. Tensors stand in the order of their names, so that the same
 * weights give the same bytes whatever order they come in.
 *
 * @throws Error when a tensor's data does not fill its shape, or a name comes twice.
 */
export function* encodeSafetensors(
  weights: Iterable<[string, WeightTensor]>,
  metadata: Record<string, string> = {},
): Iterable<Uint8Array> {
  const tensors = [...weights].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) header.push(['__metadata__', metadata]);
  let offset = 0;
  let previous: string | undefined;
  for (const [name, { shape, data }] of tensors) {
    if (name === previous || name === '__metadata__')
      throw new Error(`encodeSafetensors: a name of its own for each tensor is needed, got "${name}"`);
    if (elementCount(shape) !== data.length)
      throw new Error(`encodeSafetensors: ${name} has shape [${shape.join(', ')}] but ${data.length} elements`);
    header.push([name, { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] }]);
    offset += data.byteLength;
    previous = name;
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const padding = (8 - (json.byteLength % 8)) % 8;
  const prefix = Buffer.alloc(LENGTH_BYTES + json.byteLength + padding, ' ');
  prefix.writeBigUInt64LE(BigInt(json.byteLength + padding));
  json.copy(prefix, LENGTH_BYTES);
  yield prefix;
  for (const [, { data }] of tensors) yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

async function readHeader(file: FileHandle, path: string, limits: SafetensorsLimits): Promise<SafetensorsHeader> {
  const { headerBytes = 1 << 24, fileBytes = MAX_WEIGHT_BYTES } = limits;
  const { size } = await file.stat();
  if (size > fileBytes)
    throw new FinalError('UnsupportedModel', `${path}: the file may have at most ${fileBytes} bytes, got ${size}`);
  if (size < LENGTH_BYTES + 2) throw invalid(path, `the file is cut short, got ${size} bytes`);
  const length = (await readRange(file, path, 0, LENGTH_BYTES)).readBigUInt64LE();
  if (length > BigInt(headerBytes))
    throw invalid(path, `the header may have at most ${headerBytes} bytes, but states ${length}`);
  const dataOffset = LENGTH_BYTES + Number(length);
  if (dataOffset > size) throw invalid(path, `the header states ${length} bytes, but the file has ${size}`);
  const header = parseHeader(await readRange(file, path, LENGTH_BYTES, Number(length)), path);
  const dataBytes = size - dataOffset;
  checkPlaces(header.tensors, dataBytes, path);
  return { ...header, dataOffset, dataBytes };
}

function parseHeader(bytes: Buffer, path: string): Pick<SafetensorsHeader, 'tensors' | 'metadata'> {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw invalid(path, 'the header is not JSON', cause);
  }
  if (!isObject(json)) throw invalid(path, 'the header is not a JSON object');
  const tensors: TensorEntry[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(json)) {
    if (name === '__metadata__') metadata = parseMetadata(value, path);
    else tensors.push(parseEntry(name, value, path));
  }
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  return { tensors, metadata };
}

function parseMetadata(value: unknown, path: string): Record<string, string> {
  if (!isObject(value) || Object.values(value).some((text) => typeof text !== 'string'))
    throw invalid(path, '__metadata__ has texts only');
  return value as Record<string, string>;
}

function parseEntry(name: string, value: unknown, path: string): TensorEntry {
  const { dtype, shape, data_offsets: offsets } = isObject(value) ? value : {};
  const bits = typeof dtype === 'string' && Object.hasOwn(ELEMENT_BITS, dtype) ? ELEMENT_BITS[dtype] : undefined;
  if (typeof dtype !== 'string' || bits === undefined)
    throw new FinalError(
      'UnsupportedModel',
      `${path}: tensor "${shown(name)}" has type ${JSON.stringify(dtype) ?? 'none'}; read are ${FLOATS_READ.join(', ')}`,
    );
  if (!isCounts(shape)) throw invalid(path, `tensor "${shown(name)}" has no valid shape`);
  if (!isCounts(offsets) || offsets.length !== 2) throw invalid(path, `tensor "${shown(name)}" has no valid place`);
  const [begin, end] = offsets as [number, number];
  const elements = elementCount(shape);
  if (!Number.isSafeInteger(elements * 8) || end - begin !== (elements * bits) / 8)
    throw invalid(
      path,
      `tensor "${shown(name)}" of shape [${shape.join(', ')}] (${dtype}) does not fill its place, bytes ${begin} to ${end}`,
    );
  return { name, dtype, shape, begin, end };
}

/** The format wants the data wholly covered: each tensor begins where the one before it ended. */
function checkPlaces(tensors: readonly TensorEntry[], dataBytes: number, path: string): void {
  let expected = 0;
  for (const { name, begin, end } of tensors) {
    if (end > dataBytes)
      throw invalid(
        path,
        `the file is cut short: tensor "${shown(name)}" ends at byte ${end} of the data, which has ${dataBytes}`,
      );
    if (begin < expected)
      throw invalid(path, `tensor "${shown(name)}" begins at byte ${begin}, inside the one before it`);
    if (begin > expected)
      throw invalid(path, `bytes ${expected} to ${begin} of the data, before tensor "${shown(name)}", are nobody's`);
    expected = end;
  }
  if (expected !== dataBytes) throw invalid(path, `bytes ${expected} to ${dataBytes} of the data are nobody's`);
}

function toFloat32(data: Buffer, { dtype, shape, begin, end }: TensorEntry): Float32Array {
  const bytes = data.subarray(begin, end);
  const wide = dtype === 'F32' ? 4 : 2;
  const aligned = bytes.byteOffset % wide === 0 ? bytes : Uint8Array.from(bytes);
  const { buffer, byteOffset } = aligned;
  const length = elementCount(shape);
  if (dtype === 'F32') return new Float32Array(buffer, byteOffset, length);
  if (dtype === 'F16') return halfToFloat(new Uint16Array(buffer, byteOffset, length));
  return bfloatToFloat(new Uint16Array(buffer, byteOffset, length));
}

async function readRange(file: FileHandle, path: string, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.from(new ArrayBuffer(length));
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(buffer, done, Math.min(READ_BYTES, length - done), offset + done);
    if (bytesRead === 0) throw invalid(path, `the file is cut short at byte ${offset + done}`);
    done += bytesRead;
  }
  return buffer;
}

const elementCount = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
const shown = (name: string): string => shorten(name, 100);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && (count as number) >= 0);
const invalid = (path: string, rule: string, cause?: unknown): FinalError =>
  new FinalError('InvalidData', `${path}: ${rule}. Download the file again.`, { cause });
