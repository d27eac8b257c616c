// The parameters of an engine: all of them in memory in the engine's own layout, which of them are trained, and which hold the base
// model's values for certain, so that a checkpoint that lacks what a training froze can be put back.
import type { Tensor } from 'onnxruntime-node';
import type { EncoderModel } from '../models/model-folder.js';
import type { Weights } from '../models/safetensors.js';
import type { FreezeSpec } from '../spec/spec.js';
import { allocateParameters } from './adamw-memory.js';
import { toTensor } from './engine-session.js';
import { trainedParameters } from './freeze.js';
import type { Parameter } from './training-engine.js';

/** Options of {@link EngineParameters}. */
export interface EngineParametersOptions {
  model: Pick<EncoderModel, 'architecture' | 'config'>;
  /** PyTorch names and layouts; they are copied. */
  weights: Weights;
  /** What a training leaves as it is; absent when nothing is trained. */
  training?: { freeze?: FreezeSpec | undefined } | undefined;
  /** Reads the same weights again. */
  readBase?: (() => Promise<Weights>) | undefined;
}

/** A model's parameters. */
export class EngineParameters {
  private readonly all: readonly Parameter[];
  /** Those that are trained, live: an optimiser updates them in place. */
  readonly trained: readonly Parameter[];
  /** All of them by name, over the same memory. */
  readonly feeds: ReadonlyMap<string, Tensor>;
  /** Names of those that hold the base model's values: not those that an optimiser may change. */
  private readonly ofBase: Set<string>;
  private readonly changing: ReadonlySet<string>;
  /** Not the given weights, which are as large as the parameters. */
  private readonly options: Omit<EngineParametersOptions, 'weights'>;

  /** @throws FinalError `UnsupportedModel` when a weight is missing, `InvalidSpec` when nothing is left to train. */
  constructor({ weights, ...options }: EngineParametersOptions) {
    this.options = options;
    const { architecture, config } = options.model;
    const names = new Set(trainedParameters(architecture, config, options.training?.freeze).map(({ name }) => name));
    const data = architecture.toEngine(config, weights);
    if (options.training) placeForUpdates(data, names);
    this.all = architecture
      .engineParameters(config)
      .map(({ name, shape, decay }) => ({ name, shape, decay, data: data.get(name)! }));
    this.feeds = new Map(this.all.map(({ name, data, shape }) => [name, toTensor({ data, dims: [...shape] })]));
    this.trained = this.all.filter(({ name }) => names.has(name));
    this.changing = options.training ? names : new Set();
    this.ofBase = new Set(this.all.map(({ name }) => name).filter((name) => !this.changing.has(name)));
  }

  /** A copy in PyTorch's names and layouts. */
  toWeights(): Weights {
    const { architecture, config } = this.options.model;
    return architecture.fromEngine(config, new Map(this.all.map(({ name, data }) => [name, data])));
  }

  /**
   * Puts data of the engine's layout back, as from a checkpoint; what it lacks gets the base model's values again.
   *
   * @throws Error when one is of another size, or missing without `readBase`; then none is changed.
   */
  async load(parameters: ReadonlyMap<string, Float32Array>): Promise<void> {
    const targets = this.all.filter(({ name }) => parameters.has(name) || !this.ofBase.has(name));
    const base = targets.every(({ name }) => parameters.has(name)) ? undefined : await this.readBase();
    const valuesOf = (name: string): Float32Array | undefined => parameters.get(name) ?? base?.get(name);
    for (const { name, data } of targets) {
      const length = valuesOf(name)?.length;
      if (length !== data.length) {
        throw new Error(`Engine.load: ${name} needs ${data.length} values, got ${length ?? 'none'}`);
      }
    }
    for (const { name, data } of targets) {
      data.set(valuesOf(name)!);
      if (parameters.has(name)) this.ofBase.delete(name);
      else if (!this.changing.has(name)) this.ofBase.add(name);
    }
  }

  private async readBase(): Promise<Map<string, Float32Array> | undefined> {
    const { readBase, model } = this.options;
    return readBase && model.architecture.toEngine(model.config, await readBase());
  }
}

/** Moves arrays to where an optimizer changes them in place. */
function placeForUpdates(data: Map<string, Float32Array>, names: ReadonlySet<string>): void {
  const moved = [...data].filter(([name]) => names.has(name));
  const arrays = allocateParameters(moved.map(([, values]) => values.length));
  moved.forEach(([name, values], at) => {
    arrays[at]!.set(values);
    data.set(name, arrays[at]!);
  });
}
