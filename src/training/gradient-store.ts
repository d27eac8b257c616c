// Gathers the gradients of a step: those that leave the graph whole, summed over micro-batches in their order, and the embedding
// tables', whose rows are summed here, token by token, because no runtime promises an order of such a sum.
import type { EmbeddingTable } from '../models/architecture.js';
import { createMemory, takeArray, type AdamWMemory } from './adamw-memory.js';
import type { Parameter, TouchedRows } from './training-engine.js';

/** The tokens whose gradients {@link GradientStore.addEmbedded} spreads. */
export interface EmbeddedTokens {
  /** Real tokens; a pad token after them is left out (its gradient is 0). */
  tokens: number;
  input_ids: Int32Array;
  position_ids: Int32Array;
}

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Gradients by parameter name. */
export class GradientStore {
  /** Gradients that leave the graph whole; the first of a step is the runtime's own output. */
  private readonly whole = new Map<string, Float32Array>();
  /** Holds the tables' gradients. */
  private readonly memory: AdamWMemory;
  private readonly owned = new Map<string, Float32Array>();
  private readonly tableGradients: Map<string, { data: Float32Array; touched: Set<number> }>;

  constructor(
    private readonly parameters: readonly Parameter[],
    private readonly tables: readonly EmbeddingTable[],
    private readonly hiddenSize: number,
  ) {
    const sizes = new Map(parameters.map(({ name, data }) => [name, data.length]));
    const lengths = tables.map(({ parameter }) => sizes.get(parameter)!);
    this.memory = createMemory(lengths);
    this.tableGradients = new Map(
      tables.map(({ parameter }, at) => {
        return [parameter, { data: takeArray(this.memory, lengths[at]!)!, touched: new Set() }];
      }),
    );
  }

  /** Begins a step: all gradients are 0. */
  clear(): void {
    this.whole.clear();
    for (const { data, touched } of this.tableGradients.values()) {
      for (const row of touched) data.fill(0, row * this.hiddenSize, (row + 1) * this.hiddenSize);
      touched.clear();
    }
  }

  /** The gradients in the parameters' order; valid until the next {@link clear}. */
  result(): Map<string, Float32Array> {
    return new Map(
      this.parameters.map(({ name }) => {
        const gradient = this.tableGradients.get(name)?.data ?? this.whole.get(name);
        if (gradient === undefined)
          throw new Error(`GradientStore: every parameter needs a gradient, got none for ${name}`);
        return [name, gradient];
      }),
    );
  }

  /** The rows of the embedding tables that {@link addEmbedded} has met since {@link clear}. */
  touchedRows(): TouchedRows {
    return new Map([...this.tableGradients].map(([name, { touched }]) => [name, Int32Array.from(touched).sort()]));
  }

  /** Adds a parameter's gradient; the first one of a step is kept as it is. */
  add(name: string, gradient: Float32Array): void {
    const before = this.whole.get(name);
    if (before === undefined) {
      this.whole.set(name, gradient);
      return;
    }
    let sum = this.owned.get(name);
    if (sum === undefined) this.owned.set(name, (sum = new Float32Array(gradient.length)));
    for (let i = 0; i < sum.length; i++) sum[i] = before[i]! + gradient[i]!;
    this.whole.set(name, sum);
  }

  /** Adds the gradient of the summed embeddings, `[rows, hidden]`, to the rows that each token took from each table. */
  addEmbedded(gradient: Float32Array, tokens: EmbeddedTokens): void {
    const { gradient: block } = this.memory;
    const perBlock = Math.floor(block.length / this.hiddenSize);
    for (let first = 0; first < tokens.tokens; first += perBlock) {
      const end = Math.min(tokens.tokens, first + perBlock);
      block.set(gradient.subarray(first * this.hiddenSize, end * this.hiddenSize));
      for (const { parameter, index } of this.tables) {
        const { data, touched } = this.tableGradients.get(parameter)!;
        const rows = index === null ? undefined : tokens[index];
        for (let token = first; token < end; token++) {
          const row = rows === undefined ? 0 : rows[token]!;
          touched.add(row);
          this.addRow(data, row, token - first);
        }
      }
    }
  }

  /** Adds a row of the block to a row of a table, four values at a time and what is over one by one. */
  private addRow(data: Float32Array, row: number, blockRow: number): void {
    const { code, gradient: block } = this.memory;
    const width = this.hiddenSize;
    const [to, from] = [row * width, blockRow * width];
    const whole = width - (width % 4);
    if (whole > 0) code.addValues(whole * BYTES, data.byteOffset + to * BYTES, from * BYTES);
    for (let i = whole; i < width; i++) data[to + i] = data[to + i]! + block[from + i]!;
  }
}
