// A layer keeps what goes into its GELU and not what comes out: ONNX Runtime must not take the second one for the first.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { gelu, input, linear } from '../../src/graph/build.js';
import { emitOnnx } from '../../src/graph/emission/emit-onnx.js';
import { decodeModel } from '../../src/graph/emission/onnx-schema.js';
import { gradients } from '../../src/graph/gradients/gradients.js';

it.each(['in,out', 'out,in'] as const)('is worked out twice, also after optimisation, with W [%s]', async (layout) => {
  const z = input('z', 'float32', ['tokens', 4]);
  const w = input('w', 'float32', layout === 'in,out' ? [4, 3] : [3, 4]);
  const y = linear(gelu(z), w, input('b', 'float32', [3]), { layout });
  const seed = input('seed', 'float32', ['tokens', 3]);
  const [dw] = gradients([{ output: y, seed }], [w]);
  const folder = await mkdtemp(join(tmpdir(), 'gelu-'));
  try {
    const optimizedModelFilePath = join(folder, 'optimised.onnx');
    const { bytes } = emitOnnx({ y, dw: dw! });
    const options = { graphOptimizationLevel: 'all', optimizedModelFilePath, logSeverityLevel: 3 } as const;
    await (await InferenceSession.create(bytes, options)).release();
    const { node } = decodeModel(await readFile(optimizedModelFilePath)).graph;
    const places = node.filter(({ opType }) => opType === 'Gelu').map((each) => each.input[0]);
    expect(new Set(places).size).toBe(2);
  } finally {
    await rm(folder, { recursive: true });
  }
});
