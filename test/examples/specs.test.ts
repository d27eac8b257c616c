// The specs under examples/ parse, and the paths that they name exist where the repository ships them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { outputName } from '../../src/spec/names.js';
import { parseSpec } from '../../src/spec/parse.js';
import { parseRetrainSpec } from '../../src/spec/retrain.js';
import { isReadyDataset } from '../../src/spec/spec.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const examples = readdirSync(join(root, 'examples'))
  .filter((name) => name.endsWith('.json'))
  .map((name) => `examples/${name}`);
const read = (path: string): ReturnType<typeof parseSpec> => {
  const spec = JSON.parse(readFileSync(join(root, path), 'utf8')) as object;
  return 'retrain' in spec ? parseRetrainSpec(spec) : parseSpec(spec);
};

describe('the specs of examples/', () => {
  it.each([...examples, 'examples/encoder/pretrain.json'])('%s parses', (path) => {
    expect(outputName(read(path))).toMatch(/^[a-z0-9-]+$/);
  });

  it.each(['examples/quickstart.json', 'examples/hash-split.json', 'examples/retrain.json'])(
    '%s names files that are shipped',
    (path) => {
      const { model, dataset } = read(path);
      const paths = isReadyDataset(dataset) ? [dataset.train, dataset.test] : [dataset.source];
      if ('source' in model) paths.push(model.source);
      for (const one of paths) expect(existsSync(join(root, one)), one).toBe(true);
    },
  );

  it('the physics example has the settings of the run that it re-makes', () => {
    const { model, dataset, training, evaluation } = read('examples/physics-bge-small.json');
    expect(model).toEqual({ source: 'BAAI/bge-small-en-v1.5', revision: 'main' });
    expect(dataset).toMatchObject({ source: 'camel-ai/physics', testRatio: 0.2, corpusCount: 5 });
    expect(training).toMatchObject({
      batchSize: 10,
      learningRate: 2e-5,
      warmupRatio: 0.1,
      weightDecay: 0.01,
      epochs: 3,
    });
    expect(evaluation.topK).toBe(5);
  });
});
