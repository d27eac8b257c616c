import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AdamW, clipCoefficient, gradientNorm } from './optimizer.js';
import { learningRateAt, linearSchedule } from './schedule.js';
import type { Parameter } from './training-engine.js';

interface Fixture {
  settings: {
    totalSteps: number;
    warmupSteps: number;
    learningRate: number;
    weightDecay: number;
    maxGradientNorm: number;
  };
  shapes: Record<string, number[]>;
  start: Record<string, number[]>;
  steps: { gradients: Record<string, number[]>; norm: number; rate: number; after: Record<string, number[]> }[];
}

// Made by test/fixtures/scripts/adamw.py with PyTorch.
const fixture = JSON.parse(readFileSync(new URL('../../test/fixtures/adamw.json', import.meta.url), 'utf8')) as Fixture;

function startParameters(): Parameter[] {
  return Object.entries(fixture.start).map(([name, values]) => ({
    name,
    shape: fixture.shapes[name]!,
    data: Float32Array.from(values),
    decay: name === 'dense.weight',
  }));
}

function gradientsOf(step: number): Map<string, Float32Array> {
  return new Map(Object.entries(fixture.steps[step]!.gradients).map(([name, g]) => [name, Float32Array.from(g)]));
}

/** Largest difference, relative to 1 or the expected value, whichever is larger. */
function worstError(actual: Float32Array, expected: readonly number[]): number {
  return expected.reduce((worst, e, i) => Math.max(worst, Math.abs(actual[i]! - e) / Math.max(1, Math.abs(e))), 0);
}

describe('AdamW, clipping and the schedule', () => {
  it('follow torch.optim.AdamW, clip_grad_norm_ and get_linear_schedule_with_warmup for ten steps', () => {
    const { maxGradientNorm, weightDecay, ...schedule } = fixture.settings;
    const parameters = startParameters();
    const optimizer = new AdamW(parameters, { weightDecay });
    fixture.steps.forEach((expected, step) => {
      const gradients = gradientsOf(step);
      const norm = gradientNorm(parameters, gradients);
      const learningRate = learningRateAt(schedule, step);
      expect(Math.abs(norm - expected.norm) / expected.norm).toBeLessThan(1e-6);
      expect(Math.abs(learningRate - expected.rate)).toBeLessThan(1e-12);
      optimizer.update({ gradients, learningRate, step, gradientScale: clipCoefficient(norm, maxGradientNorm) });
      for (const { name, data } of parameters) {
        expect(worstError(data, expected.after[name]!), `${name} after step ${step}`).toBeLessThan(1e-5);
      }
    });
    expect(fixture.steps.some(({ norm }) => norm > maxGradientNorm)).toBe(true);
    expect(fixture.steps.some(({ norm }) => norm < maxGradientNorm)).toBe(true);
  });

  it('goes on from moments put back as if nothing had happened, bit for bit', () => {
    const run = (restartAt?: number): Parameter[] => {
      let parameters = startParameters();
      let optimizer = new AdamW(parameters);
      for (let step = 0; step < 6; step++) {
        if (step === restartAt) {
          const { moments } = optimizer;
          parameters = parameters.map((parameter) => ({ ...parameter, data: parameter.data.slice() }));
          optimizer = new AdamW(parameters);
          optimizer.load(moments);
        }
        optimizer.update({ gradients: gradientsOf(step), learningRate: 0.01, step });
      }
      return parameters;
    };
    expect(run(3)).toEqual(run());
  });

  it('decays rows that no gradient has reached, and updates them as any other once one does', () => {
    const update = (data: Float32Array, rows: number[][]): Float32Array => {
      const optimizer = new AdamW([{ name: 'w', shape: [2, data.length / 2], data, decay: true }], {
        weightDecay: 0.5,
      });
      rows.forEach((g, step) =>
        optimizer.update({ gradients: new Map([['w', Float32Array.from(g)]]), learningRate: 0.1, step }),
      );
      return data;
    };
    // The same numbers in one row, where the other column keeps the row awake from the first step.
    const apart = update(Float32Array.of(1, 2, 3, 4), [
      [1, 1, 0, 0],
      [1, 1, 0, 0],
      [1, 1, 2, -2],
      [1, 1, 0, 0],
    ]);
    const awake = update(Float32Array.of(3, 1, 4, 2), [
      [0, 1, 0, 1],
      [0, 1, 0, 1],
      [2, 1, -2, 1],
      [0, 1, 0, 1],
    ]);
    expect([...apart]).toEqual([awake[1], awake[3], awake[0], awake[2]]);
    expect([...update(Float32Array.of(1, 1), [[1, 0]])][1]).toBeCloseTo(0.95, 6);
  });

  it('gives the same bits when it is told which rows have a gradient, also after moments were put back', () => {
    const [rows, width] = [9, 8];
    const train = (isTold: boolean, restartAt = -1): { parameters: Parameter[]; norms: number[] } => {
      const table = Float32Array.from({ length: rows * width }, (_, i) => Math.sin(i));
      const parameters: Parameter[] = [{ name: 'table', shape: [rows, width], data: table, decay: true }];
      const norms: number[] = [];
      let optimizer = new AdamW(parameters);
      for (let step = 0; step < 5; step++) {
        if (step === restartAt) {
          const { moments } = optimizer;
          optimizer = new AdamW(parameters);
          optimizer.load(moments);
        }
        // Row 3 for a time, row 7 later, the others never; a gradient of 0 in a touched row.
        const touched = Int32Array.from(step < 2 ? [3] : [3, 7]);
        const gradient = new Float32Array(rows * width);
        for (const row of touched) {
          for (let i = 1; i < width; i++) gradient[row * width + i] = Math.cos(step + row * i);
        }
        const gradients = new Map([['table', gradient]]);
        const touchedRows = isTold ? new Map([['table', touched]]) : undefined;
        norms.push(gradientNorm(parameters, gradients, touchedRows));
        optimizer.update({ gradients, touchedRows, learningRate: 0.1, step });
      }
      return { parameters, norms };
    };
    expect(train(true)).toEqual(train(false));
    expect(train(true, 3)).toEqual(train(false));
  });

  it('refuses moments and gradients of another size, naming the parameter', () => {
    const optimizer = new AdamW(startParameters());
    const wrong = new Map([['dense.weight', new Float32Array(3)]]);
    expect(() => optimizer.load({ m: wrong, v: wrong })).toThrow(/moment m of dense.weight has 35 values, got 3/);
    expect(() => optimizer.update({ gradients: wrong, learningRate: 1, step: 0 })).toThrow(/dense.weight/);
  });
});

describe('gradientNorm', () => {
  it('is not a number when any gradient is not', () => {
    const parameters = startParameters();
    const gradients = gradientsOf(0);
    gradients.get('dense.bias')![2] = NaN;
    expect(gradientNorm(parameters, gradients)).toBeNaN();
  });
});

describe('linearSchedule', () => {
  it('warms up over the ceiling of its share, begins at 0 with a warm-up and at the peak without', () => {
    const schedule = linearSchedule({ learningRate: 1, warmupRatio: 0.1, totalSteps: 25 });
    expect(schedule.warmupSteps).toBe(3);
    expect([0, 1, 2, 3, 24, 25].map((step) => learningRateAt(schedule, step))).toEqual([0, 1 / 3, 2 / 3, 1, 1 / 22, 0]);
    expect(learningRateAt(linearSchedule({ learningRate: 1, warmupRatio: 0, totalSteps: 4 }), 0)).toBe(1);
  });
});
