// AdamW (Loshchilov and Hutter, https://arxiv.org/abs/1711.05101) with the arithmetic of torch.optim.AdamW, and global-norm gradient
// clipping as torch.nn.utils.clip_grad_norm_. Moments are float32, each element's arithmetic is float64; sums run in a fixed order.
// The loops over elements are in adamw-loops.ts. Not here: AMSGrad, fused or foreach variants, parameter groups with their own rates.
import { decayStretch, sumOfSquares, updateStretch, type UpdateArrays } from './adamw-loops.js';
import { takeBeside } from './adamw-memory.js';
import type { Parameter, TouchedRows } from './training-engine.js';

/** Settings of {@link AdamW}; decay is decoupled and leaves out parameters with `decay: false` (biases, LayerNorm). */
export interface AdamWOptions {
  weightDecay?: number;
  beta1?: number;
  beta2?: number;
  epsilon?: number;
}

/** First and second moments by parameter name, in the parameters' own layout. */
export interface Moments {
  m: Map<string, Float32Array>;
  v: Map<string, Float32Array>;
}

/** One update of all parameters. */
export interface UpdateOptions {
  gradients: ReadonlyMap<string, Float32Array>;
  /** Where gradients are not 0; the result is the same without it, only later. */
  touchedRows?: TouchedRows | undefined;
  learningRate: number;
  /** Updates done before this one; the bias corrections follow from it, so nothing else needs to be kept. */
  step: number;
  /** Every gradient is multiplied by this first: the clipping coefficient. */
  gradientScale?: number;
}

/** The optimizer: it owns the moments and changes the parameters in place. */
export class AdamW {
  readonly moments: Moments = { m: new Map(), v: new Map() };
  /**
   * By parameter with touched rows, and row: 0 while no gradient has reached the row. Its moments are zero then, and the update is the decay
   * alone, so most of a word embedding costs little. It follows from the moments and needs no place in a checkpoint.
   */
  private readonly awakeRows = new Map<string, Uint8Array>();
  private readonly weightDecay: number;
  private readonly beta1: number;
  private readonly beta2: number;
  private readonly epsilon: number;

  constructor(
    private readonly parameters: readonly Parameter[],
    { weightDecay = 0.01, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: AdamWOptions = {},
  ) {
    this.weightDecay = weightDecay;
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.epsilon = epsilon;
    for (const { name, data } of parameters) {
      this.moments.m.set(name, takeBeside(data));
      this.moments.v.set(name, takeBeside(data));
    }
  }

  /** Puts moments back, from a checkpoint; without any they begin at zero again. */
  load(moments?: Moments): void {
    this.awakeRows.clear();
    for (const which of ['m', 'v'] as const) {
      for (const [name, data] of this.moments[which]) {
        const stored = moments?.[which].get(name);
        if (moments && stored?.length !== data.length) {
          throw new Error(
            `AdamW: moment ${which} of ${name} has ${data.length} values, got ${stored?.length ?? 'none'}`,
          );
        }
        if (stored) data.set(stored);
        else data.fill(0);
      }
    }
  }

  /** Updates every parameter. */
  update({ gradients, touchedRows, learningRate, step, gradientScale = 1 }: UpdateOptions): void {
    const { beta1, beta2, epsilon } = this;
    const correction1 = 1 - beta1 ** (step + 1);
    const correction2 = Math.sqrt(1 - beta2 ** (step + 1));
    for (const { name, data, shape, decay } of this.parameters) {
      const gradient = gradients.get(name);
      if (gradient?.length !== data.length) {
        throw new Error(`AdamW: gradient of ${name} has ${data.length} values, got ${gradient?.length ?? 'none'}`);
      }
      const arrays = { p: data, g: gradient, m: this.moments.m.get(name)!, v: this.moments.v.get(name)! };
      const keep = decay ? 1 - learningRate * this.weightDecay : 1;
      const rate = learningRate / correction1;
      const factors = { keep, rate, inverse: 1 / correction2, beta1, beta2, epsilon, gradientScale };
      const touched = touchedRows?.get(name);
      if (touched === undefined) {
        this.awakeRows.delete(name);
        updateStretch(arrays, [0, data.length], factors);
        continue;
      }
      const rows = shape[0] ?? 1;
      const width = data.length / rows;
      const awake = this.awakeRows.get(name) ?? rowsWithMoments(arrays, rows, width);
      this.awakeRows.set(name, awake);
      for (const row of touched) awake[row] = 1;
      // Runs of rows of one kind are updated in one go.
      for (let begin = 0; begin < rows;) {
        let end = begin + 1;
        while (end < rows && awake[end] === awake[begin]) end++;
        if (awake[begin] === 1) updateStretch(arrays, [begin * width, end * width], factors);
        else if (keep !== 1) decayStretch(data, [begin * width, end * width], keep);
        begin = end;
      }
    }
  }
}

/** 1 for each row that has a moment other than 0. */
function rowsWithMoments({ m, v }: UpdateArrays, rows: number, width: number): Uint8Array {
  const awake = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) {
    const end = (row + 1) * width;
    for (let i = row * width; i < end && awake[row] === 0; i++) {
      if (m[i] !== 0 || v[i] !== 0) awake[row] = 1;
    }
  }
  return awake;
}

/** The norm of all gradients together, in float64, in the parameters' order: `√ Σ g²`; with or without the touched rows, the same bits. */
export function gradientNorm(
  parameters: readonly Parameter[],
  gradients: ReadonlyMap<string, Float32Array>,
  touchedRows?: TouchedRows,
): number {
  let sum = 0;
  for (const { name, shape } of parameters) {
    const gradient = gradients.get(name) ?? new Float32Array();
    const touched = touchedRows?.get(name);
    const width = gradient.length / (shape[0] ?? 1);
    // Zeros change no sum, but the four sums go by places: rows may be left out where each begins at the first of them.
    const stretches =
      touched && width % 4 === 0 ? Array.from(touched, (row) => [row * width, (row + 1) * width] as const) : undefined;
    sum += sumOfSquares(gradient, stretches);
  }
  return Math.sqrt(sum);
}

/** What gradients are multiplied by so that their norm is at most `maxNorm`: `min(1, maxNorm / (norm + 1e-6))`. */
export function clipCoefficient(norm: number, maxNorm: number): number {
  return Math.min(1, maxNorm / (norm + 1e-6));
}
