import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tinyBert, tinyOptions } from '../../test/support/tiny-bert.js';
import { sha256 } from '../artifacts/hash.js';
import { packRows } from '../text/tokenized-texts.js';
import { batchOf, planBatches } from './batches.js';
import { Engine } from './engine.js';
import { describeMachine, machineDifference, NUMERICS_VERSION, THREADS_THAT_AGREE } from './numerics.js';
import { AdamW, clipCoefficient, gradientNorm } from './optimizer.js';
import { learningRateAt, linearSchedule } from './schedule.js';

const STEPS = 20;

/** Trains the tiny BERT for 20 steps with dropout and hashes its weights. */
async function trainedHash(threads: number): Promise<string> {
  const { queries, documents } = tinyBert;
  const engine = await Engine.create({
    ...tinyOptions('mean normalized', { dropout: { hidden: 0.1, attention: 0.1 } }),
    threads,
  });
  const index = Int32Array.from(queries.keys());
  const pairs = {
    queries: index,
    documents: index,
    queryIdentities: index,
    documentIdentities: index.map((i) => i + 100),
  };
  const part = { queries: packRows(queries), documents: packRows(documents) };
  const optimizer = new AdamW(engine.parameters);
  const schedule = linearSchedule({ learningRate: 1e-3, warmupRatio: 0.1, totalSteps: STEPS });
  for (let step = 0; step < STEPS; step++) {
    const [batch] = planBatches({ pairs, batchSize: 4, seed: 42, epoch: step + 1 });
    // Every second step in micro-batches: how they are cut moves the numbers too.
    const micro = { microBatchSize: step % 2 === 0 ? 4 : 2, tokens: { largestPair: 29 } };
    const { gradients } = await engine.step({ ...batchOf(batch!, pairs, part, micro), step });
    const gradientScale = clipCoefficient(gradientNorm(engine.parameters, gradients), 1);
    optimizer.update({ gradients, learningRate: learningRateAt(schedule, step), step, gradientScale });
  }
  const bytes = engine.parameters.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  await engine.dispose();
  return sha256(Buffer.concat(bytes));
}

// By numerics version and kind of machine. On a kind that is not listed the run is only compared with itself, and its hash is printed.
const recorded = JSON.parse(
  readFileSync(new URL('../../test/fixtures/numerics.json', import.meta.url), 'utf8'),
) as Record<string, Record<string, string>>;
const machine = describeMachine(1);
const kind = `${machine.onnxRuntime} ${machine.platform} ${machine.instructionSet}`;
const expected = recorded[String(NUMERICS_VERSION)]?.[kind];

describe('NUMERICS_VERSION', () => {
  it('stands for the bytes that 20 steps give, whatever the thread count and the run', async () => {
    const hash = await trainedHash(1);
    expect(await trainedHash(2)).toBe(hash);
    expect(await trainedHash(1)).toBe(hash);
    // When this fails, a change has moved the numbers of training: raise NUMERICS_VERSION, say so in CHANGELOG.md, record the new hash.
    if (expected !== undefined) expect(hash).toBe(expected);
    else console.log(`test/fixtures/numerics.json does not know this machine: "${kind}": "${hash}"`);
  });
});

describe('describeMachine', () => {
  it('names ONNX Runtime, platform and instruction set', () => {
    expect(machine.onnxRuntime).toMatch(/^\d+\.\d+\.\d+/);
    expect(machine.platform).toBe(`${process.platform}-${process.arch}`);
    expect(machine.instructionSet.length).toBeGreaterThan(0);
  });

  it('tells machines apart by what may change results: by their threads where one has more than agree', () => {
    const [few, agreeing, many] = [1, THREADS_THAT_AGREE, THREADS_THAT_AGREE + 1].map((threads) => ({
      ...machine,
      threads,
    }));
    expect(machineDifference(few!, agreeing!, 384)).toBeUndefined();
    expect(machineDifference(agreeing!, many!, 384)).toBe('threads was 4, is 5 here');
    expect(machineDifference(many!, many!, 64)).toBeUndefined();
    expect(machineDifference(few!, agreeing!, 256)).toBe('threads was 1, is 4 here');
    expect(machineDifference(few!, { ...machine, threads: 2 }, 256)).toBeUndefined();
    expect(machineDifference(few!, { ...machine, threads: 2 }, 128)).toBe('threads was 1, is 2 here');
    const { numericsVersion: _version, ...first } = machine;
    expect(machineDifference(first, machine, 384)).toBe(`numericsVersion was 1, is ${NUMERICS_VERSION} here`);
    expect(machineDifference({ ...machine, onnxRuntime: '1.0.0' }, machine, 384)).toMatch(/onnxRuntime was 1\.0\.0/);
  });
});
