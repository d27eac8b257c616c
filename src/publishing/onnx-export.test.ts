import { InferenceSession } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realTexts } from '../../test/support/real-texts.js';
import { makeTestModel, type TestModel } from '../../test/support/random-model.js';
import { decodeModel } from '../graph/emission/onnx-schema.js';
import { textAt } from '../text/tokenized-texts.js';
import { openTokenizer } from '../text/tokenizer.js';
import { exportOnnx, type OnnxExport } from './onnx-export.js';
import { paddedFeeds } from './onnx-encoder.js';
import { cosine } from './parity.js';

const SEP = 3;
let made: TestModel;
let files: OnnxExport;
let rows: Int32Array[];
beforeAll(async () => {
  const texts = await realTexts(20);
  made = await makeTestModel(texts);
  files = exportOnnx({ ...made.model, closingTokenId: SEP }, made.weights);
  const { texts: tokens } = (await openTokenizer(made.model.folder)).encode(texts, 64);
  rows = texts.map((_, index) => textAt(tokens, index));
});
afterAll(() => made.remove());

const run = async (
  file: Uint8Array,
  feeds: Int32Array[],
): Promise<Record<string, { dims: readonly number[]; data: Float32Array }>> => {
  const session = await InferenceSession.create(file);
  try {
    return (await session.run(paddedFeeds(feeds))) as never;
  } finally {
    await session.release();
  }
};
const row = (data: Float32Array, index: number, width = 32): Float32Array =>
  data.slice(index * width, (index + 1) * width);

describe('exportOnnx', () => {
  it('keeps to operator set 17, IR 8, standard operators, and stores each weight once', () => {
    for (const file of [files.model, files.pooled]) {
      const model = decodeModel(file);
      expect(model.irVersion).toBe(8);
      expect(model.opsetImport.map(({ domain, version }) => [domain ?? '', version])).toEqual([['', 17]]);
      expect(new Set(model.graph.node.map(({ domain }) => domain ?? ''))).toEqual(new Set(['']));
      const names = model.graph.initializer.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      expect(model.graph.input.map(({ name }) => name)).toEqual(['input_ids', 'attention_mask', 'token_type_ids']);
      expect(model.graph.output.map(({ name }) => name)).toEqual(['last_hidden_state', 'sentence_embedding']);
    }
  });

  it('embeds a text the same whatever is padded beside it', async () => {
    const all = await run(files.model, rows);
    expect(all.sentence_embedding!.dims).toEqual([20, 32]);
    for (const index of [0, 7, 19]) {
      const alone = await run(files.model, [rows[index]!]);
      expect(cosine(row(all.sentence_embedding!.data, index), alone.sentence_embedding!.data)).toBeGreaterThan(
        0.999999,
      );
    }
    // The weights are such that texts differ; else the comparison above would say nothing.
    expect(cosine(row(all.sentence_embedding!.data, 0), row(all.sentence_embedding!.data, 19))).toBeLessThan(0.95);
  });

  it('gives the finished embedding at every token of model_pooled.onnx', async () => {
    const [states, pooled] = [await run(files.model, rows), await run(files.pooled, rows)];
    const [, tokens] = pooled.last_hidden_state!.dims as [number, number, number];
    for (const index of [0, 19])
      for (const token of [0, 1, tokens - 1])
        expect(row(pooled.last_hidden_state!.data, index * tokens + token)).toEqual(
          row(states.sentence_embedding!.data, index),
        );
    const squares = row(states.sentence_embedding!.data, 0).reduce((sum, x) => sum + x * x, 0);
    expect(squares).toBeCloseTo(1, 5);
  });

  it('closes a text that was cut without its closing token, and leaves closed ones as they are', async () => {
    const cut = rows.map((ids) => Int32Array.from([...ids.slice(0, -1), 17]));
    const closed = await run(files.model, rows);
    expect((await run(files.model, cut)).sentence_embedding!.data).toEqual(closed.sentence_embedding!.data);
    const without = exportOnnx(made.model, made.weights).model;
    const plain = await run(without, rows);
    expect(plain.sentence_embedding!.data).toEqual(closed.sentence_embedding!.data);
    expect((await run(without, cut)).sentence_embedding!.data).not.toEqual(plain.sentence_embedding!.data);
  });
});
