// The specs under examples/ parse, and the paths that they name exist where the repository ships them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseChain, stepsOf } from '../../src/spec/chain.js';
import { outputName } from '../../src/spec/names.js';
import { parseSpec } from '../../src/spec/parse.js';
import { parseRetrainSpec } from '../../src/spec/retrain.js';
import { isReadyDataset } from '../../src/spec/spec.js';
import { parseSweep, trialsOf } from '../../src/spec/sweep.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Those of several runs have a spec of a run inside. */
const SEVERAL = ['sweep.json', 'chain.json'];
const examples = readdirSync(join(root, 'examples'))
  .filter((name) => name.endsWith('.json') && !SEVERAL.includes(name))
  .map((name) => `examples/${name}`);
const readJson = (path: string): object => JSON.parse(readFileSync(join(root, path), 'utf8')) as object;
const read = (path: string): ReturnType<typeof parseSpec> => {
  const spec = readJson(path);
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

  it('the sweep and the chain name files that are shipped', () => {
    const trials = trialsOf(parseSweep(readJson('examples/sweep.json')));
    const steps = stepsOf(parseChain(readJson('examples/chain.json')));
    expect([trials.length, steps.length]).toEqual([4, 2]);
    for (const { spec } of [...trials, ...steps]) {
      const { model, dataset } = spec;
      const sources = [model, dataset].flatMap((one) => ('source' in one ? [one.source] : []));
      expect(sources).toHaveLength(2);
      for (const source of sources) expect(existsSync(join(root, source)), source).toBe(true);
    }
  });

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
