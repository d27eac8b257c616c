import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FinalError } from '../errors.js';
import { encodeSafetensors, readSafetensors, readSafetensorsHeader, type WeightTensor } from './safetensors.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'safetensors-'));
});
afterAll(() => rm(folder, { recursive: true }));

const write = async (...chunks: Uint8Array[]): Promise<string> => {
  const path = join(folder, 'model.safetensors');
  await writeFile(path, Buffer.concat(chunks));
  return path;
};
/** A file with a header of the test's own making. */
const crafted = (header: unknown, data: Uint8Array, statedBytes?: bigint): Promise<string> => {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(statedBytes ?? BigInt(json.byteLength));
  return write(length, json, data);
};
const refusal = async (path: Promise<string>): Promise<string> => {
  const error = await readSafetensors(await path).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(FinalError);
  return `${(error as FinalError).type} ${(error as FinalError).message}`;
};
const f32 = (begin: number, end: number, shape: number[]): unknown => ({
  dtype: 'F32',
  shape,
  data_offsets: [begin, end],
});

describe('readSafetensors', () => {
  it('reads back what encodeSafetensors wrote, whatever the order, to the same bytes', async () => {
    const a: [string, WeightTensor] = ['a', { shape: [2, 2], data: Float32Array.of(1, -2.5, 3e-40, Infinity) }];
    const b: [string, WeightTensor] = ['b.c', { shape: [], data: Float32Array.of(7) }];
    const c: [string, WeightTensor] = ['empty', { shape: [0, 3], data: new Float32Array() }];
    const path = await write(...encodeSafetensors([b, c, a], { format: 'pt' }));
    const first = await readFile(path);
    expect([...(await readSafetensors(path))]).toEqual([a, b, c]);
    expect((await readSafetensorsHeader(path)).metadata).toEqual({ format: 'pt' });
    await write(...encodeSafetensors([a, b, c], { format: 'pt' }));
    expect(await readFile(path)).toEqual(first);
  });

  it('widens F16 and BF16 exactly and skips integer tensors', async () => {
    const half = Uint16Array.of(0x3c00, 0xc100, 0x0001, 0x7bff, 0xfc00); // 1, -2.5, smallest, largest, -Infinity
    const brain = Uint16Array.of(0x3f80, 0xc020, 0x7f80); // 1, -2.5, Infinity
    const path = await crafted(
      {
        half: { dtype: 'F16', shape: [5], data_offsets: [0, 10] },
        brain: { dtype: 'BF16', shape: [3], data_offsets: [10, 16] },
        'embeddings.position_ids': { dtype: 'I64', shape: [1, 1], data_offsets: [16, 24] },
      },
      Buffer.concat([Buffer.from(half.buffer), Buffer.from(brain.buffer), Buffer.alloc(8)]),
    );
    const weights = await readSafetensors(path);
    expect([...weights.keys()]).toEqual(['half', 'brain']);
    expect([...weights.get('half')!.data]).toEqual([1, -2.5, 2 ** -24, 65504, -Infinity]);
    expect([...weights.get('brain')!.data]).toEqual([1, -2.5, Infinity]);
  });

  it('reads a tensor that does not lie on a multiple of its size', async () => {
    const path = await crafted(
      { flag: { dtype: 'BOOL', shape: [1], data_offsets: [0, 1] }, x: f32(1, 5, [1]) },
      Buffer.concat([Buffer.alloc(1), Buffer.from(Float32Array.of(2.5).buffer)]),
    );
    expect((await readSafetensors(path)).get('x')!.data[0]).toBe(2.5);
  });

  it('refuses a file that is cut short, in the length, the header or the data', async () => {
    const whole = Buffer.concat([...encodeSafetensors([['x', { shape: [4], data: new Float32Array(4) }]])]);
    for (const bytes of [0, 5, 9, 40, whole.byteLength - 1])
      expect(await refusal(write(whole.subarray(0, bytes)))).toMatch(/^InvalidData .*(cut short|the file has)/);
  });

  it('refuses an absurd header before it takes memory for it', async () => {
    expect(await refusal(crafted({}, Buffer.alloc(0), 2n ** 63n))).toMatch(/at most 16777216 bytes, but states 9223/);
    expect(await refusal(crafted('[1, 2]', Buffer.alloc(0)))).toMatch(/not a JSON object/);
    expect(await refusal(crafted('{"a": ', Buffer.alloc(0)))).toMatch(/not JSON/);
    expect(await refusal(crafted({ x: f32(0, 4, [-1]) }, Buffer.alloc(4)))).toMatch(/no valid shape/);
    expect(await refusal(crafted({ x: f32(0, 4, [1e9, 1e9]) }, Buffer.alloc(4)))).toMatch(/does not fill/);
    expect(await refusal(crafted({ x: 3 }, Buffer.alloc(4)))).toMatch(/UnsupportedModel .*"x" has type none/);
  });

  it('refuses tensors that overlap, leave gaps, or do not fill their place', async () => {
    expect(await refusal(crafted({ x: f32(0, 8, [2]), y: f32(4, 8, [1]) }, Buffer.alloc(8)))).toMatch(/"y" begins/);
    expect(await refusal(crafted({ x: f32(0, 4, [1]), y: f32(8, 12, [1]) }, Buffer.alloc(12)))).toMatch(/nobody's/);
    expect(await refusal(crafted({ x: f32(0, 4, [1]) }, Buffer.alloc(8)))).toMatch(/4 to 8 .*nobody's/);
    expect(await refusal(crafted({ x: f32(0, 4, [2]) }, Buffer.alloc(4)))).toMatch(/shape \[2\] .* does not fill/);
    expect(await refusal(crafted({ x: f32(0, 8, [2]) }, Buffer.alloc(4)))).toMatch(/cut short: tensor "x"/);
  });

  it('refuses float types that it would have to guess at, and names those it reads', async () => {
    const header = { x: { dtype: 'F8_E4M3', shape: [1], data_offsets: [0, 1] } };
    expect(await refusal(crafted(header, Buffer.alloc(1)))).toMatch(/^UnsupportedModel .*F8_E4M3.*F32, F16, BF16/);
  });
});

describe('encodeSafetensors', () => {
  it('refuses data that does not fill its shape and a name that comes twice', () => {
    const one: WeightTensor = { shape: [2], data: new Float32Array(1) };
    expect(() => [...encodeSafetensors([['x', one]])]).toThrow(/shape \[2\] but 1 elements/);
    const ok: WeightTensor = { shape: [1], data: new Float32Array(1) };
    expect(() => [
      ...encodeSafetensors([
        ['x', ok],
        ['x', ok],
      ]),
    ]).toThrow(/got "x"/);
  });
});
