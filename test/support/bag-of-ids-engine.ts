// A small engine in plain TypeScript, for tests of what surrounds an engine: a text's vector is the mean of its ids' rows plus a bias,
// normalised; the loss is MultipleNegativesRankingLoss with true gradients. Dropout zeroes coordinates by seed and step, so that a wrong
// step number shows. It can be told to fail or to be off by a little, as a machine of another kind.
import { randomStream } from '../../src/random.js';
import type { Parameter, StepResult, TrainingBatch, TrainingEngine } from '../../src/training/training-engine.js';
import { textAt, textCount, type TokenizedTexts } from '../../src/text/tokenized-texts.js';

/** Options of {@link BagOfIdsEngine}. */
export interface BagOfIdsOptions {
  vocabularySize: number;
  dimension?: number;
  scale?: number;
  seed?: number;
  dropout?: number;
  /** Called, and waited for, before each step. */
  beforeStep?: (step: number) => unknown;
  /** Multiplies the loss of a step, e.g. by NaN. */
  spoil?: (step: number) => number;
  /** Added to every gradient: the last bits of another kind of machine. */
  drift?: number;
}

/** The engine; every instance begins with the same weights. */
export class BagOfIdsEngine implements TrainingEngine {
  readonly dimension: number;
  readonly parameters: readonly Parameter[];
  isDisposed = false;
  private readonly options: Required<BagOfIdsOptions>;

  constructor(options: BagOfIdsOptions) {
    const { dimension = 8, vocabularySize } = options;
    this.options = {
      dimension,
      scale: 20,
      seed: 1,
      dropout: 0,
      beforeStep: () => undefined,
      spoil: () => 1,
      drift: 0,
      ...options,
    };
    this.dimension = dimension;
    const random = randomStream(7);
    const table = Float32Array.from({ length: vocabularySize * dimension }, () => random.fraction() - 0.5);
    this.parameters = [
      { name: 'embeddings.weight', shape: [vocabularySize, dimension], data: table, decay: true },
      { name: 'encoder.layer.0.bias', shape: [dimension], data: new Float32Array(dimension), decay: false },
    ];
  }

  async step({ queries, documents, step, onMicroBatch }: TrainingBatch): Promise<StepResult> {
    const { scale, spoil, beforeStep, drift } = this.options;
    await beforeStep(step);
    await onMicroBatch?.();
    const mask = this.mask(step);
    const q = queries.map((ids) => this.forward(ids, mask));
    const d = documents.map((ids) => this.forward(ids, mask));
    const n = q.length;
    let loss = 0;
    const dq = q.map(() => new Float64Array(this.dimension));
    const dd = d.map(() => new Float64Array(this.dimension));
    for (let i = 0; i < n; i++) {
      const scores = d.map((vector) => scale * dot(q[i]!.unit, vector.unit));
      const most = Math.max(...scores);
      const powers = scores.map((score) => Math.exp(score - most));
      const sum = powers.reduce((a, b) => a + b, 0);
      loss += (Math.log(sum) + most - scores[i]!) / n;
      for (let j = 0; j < n; j++) {
        const g = ((powers[j]! / sum - (i === j ? 1 : 0)) * scale) / n;
        for (let k = 0; k < this.dimension; k++) {
          dq[i]![k]! += g * d[j]!.unit[k]!;
          dd[j]![k]! += g * q[i]!.unit[k]!;
        }
      }
    }
    const gradients = new Map(
      this.parameters.map(({ name, data }) => [name, new Float32Array(data.length).fill(drift)]),
    );
    queries.forEach((ids, i) => this.backward(ids, q[i]!, dq[i]!, mask, gradients));
    documents.forEach((ids, i) => this.backward(ids, d[i]!, dd[i]!, mask, gradients));
    const tokens = [...queries, ...documents].reduce((total, ids) => total + ids.length, 0);
    return { loss: Math.fround(loss * spoil(step)), gradients, tokens };
  }

  async embed(texts: TokenizedTexts): Promise<Float32Array> {
    const vectors = new Float32Array(textCount(texts) * this.dimension);
    const mask = new Float64Array(this.dimension).fill(1);
    for (let i = 0; i < textCount(texts); i++)
      vectors.set(this.forward(textAt(texts, i), mask).unit, i * this.dimension);
    return vectors;
  }

  load(parameters: Map<string, Float32Array>): void {
    for (const { name, data } of this.parameters) data.set(parameters.get(name)!);
  }

  async dispose(): Promise<void> {
    this.isDisposed = true;
  }

  private mask(step: number): Float64Array {
    const { seed, dropout } = this.options;
    const random = randomStream(seed, step);
    return new Float64Array(this.dimension).map(() => (random.fraction() < dropout ? 0 : 1 / (1 - dropout)));
  }

  private forward(ids: Int32Array, mask: Float64Array): { unit: Float64Array; norm: number } {
    const [table, bias] = [this.parameters[0]!.data, this.parameters[1]!.data];
    const sum = new Float64Array(this.dimension);
    for (const id of ids) for (let k = 0; k < sum.length; k++) sum[k]! += table[id * sum.length + k]! / ids.length;
    const vector = sum.map((value, k) => (value + bias[k]!) * mask[k]!);
    const norm = Math.sqrt(dot(vector, vector)) + 1e-12;
    return { unit: vector.map((value) => value / norm), norm };
  }

  private backward(
    ids: Int32Array,
    { unit, norm }: { unit: Float64Array; norm: number },
    dUnit: Float64Array,
    mask: Float64Array,
    gradients: Map<string, Float32Array>,
  ): void {
    const along = dot(unit, dUnit);
    const dVector = dUnit.map((g, k) => ((g - along * unit[k]!) / norm) * mask[k]!);
    const [table, bias] = [gradients.get('embeddings.weight')!, gradients.get('encoder.layer.0.bias')!];
    dVector.forEach((g, k) => {
      bias[k]! += g;
      for (const id of ids) table[id * this.dimension + k]! += g / ids.length;
    });
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!;
  return sum;
}
