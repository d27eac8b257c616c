// The engine: holds a model's weights in memory and runs its graphs on ONNX Runtime. It gives the gradients of a batch and the
// embeddings of texts; the optimiser and the loop are elsewhere. A batch in one piece is one graph; in micro-batches it is gradient
// caching, which gives the same gradients with the memory of one micro-batch.
import { setImmediate } from 'node:timers/promises';
import type { EncoderModel } from '../models/model-folder.js';
import type { Weights } from '../models/safetensors.js';
import type { FreezeSpec, TrainingSpec } from '../spec/spec.js';
import { addDropoutMasks } from '../text/dropout-masks.js';
import { PACKED_INPUTS } from '../text/packed-names.js';
import { packTexts, type PackedBatch } from '../text/packing.js';
import { textAt, textCount, type TokenizedTexts } from '../text/tokenized-texts.js';
import { GradientStore } from './gradient-store.js';
import {
  backwardGraph,
  embedGraph,
  forwardGraph,
  GRAPH_NAMES,
  lossGraph,
  stepGraph,
  type GraphTraining,
} from './engine-graphs.js';
import { EngineParameters } from './engine-parameters.js';
import { EngineSession } from './engine-session.js';
import { tokenBatches } from './token-batches.js';
import type { Parameter, StepResult, TrainingBatch, TrainingEngine } from './training-engine.js';

/** Options of {@link Engine.create}. */
export interface EngineOptions {
  /** What the model's folder says; its weights are given apart. */
  model: Pick<EncoderModel, 'architecture' | 'config' | 'pooling' | 'normalize'>;
  /** PyTorch names and layouts; they are copied. */
  weights: Weights;
  /** Absent when the engine only embeds. */
  training?: {
    loss: TrainingSpec['loss'];
    scale: number;
    dropout: { hidden: number; attention: number };
    seed: number;
    freeze?: FreezeSpec | undefined;
  };
  /** Reads the same weights again: {@link Engine.load} needs it for what a training froze and a checkpoint therefore lacks. */
  readBase?: () => Promise<Weights>;
  /** Threads of ONNX Runtime; default: one a core. The results do not hang on it. */
  threads?: number;
}

/** Options of {@link Engine.embed}. */
export interface EmbedOptions {
  /** Stops between two batches, by throwing the signal's reason. */
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

/** Tokens and texts of an embedding batch: products are as fast with more, but the states between them leave the caches. */
const EMBEDDING_BUDGET = { tokens: 2048, texts: 256 };

/** A step in micro-batches; `places`: by micro-batch, its texts' places in the whole batch. */
interface CachedStep extends Pick<TrainingBatch, 'step' | 'onMicroBatch'> {
  micro: readonly PackedBatch[];
  places: readonly number[][];
  pairs: number;
}

type GraphKind = 'step' | 'forward' | 'backward' | 'embed' | 'loss';

/** A model in training or in use. */
export class Engine implements TrainingEngine {
  private readonly sessions = new Map<GraphKind, Promise<EngineSession>>();
  /** Absent when the engine only embeds. */
  private readonly gradientStore: GradientStore | undefined;

  private constructor(
    private readonly options: Omit<EngineOptions, 'weights'>,
    private readonly held: EngineParameters,
  ) {
    if (options.training === undefined) return;
    const { architecture, config } = options.model;
    const trained = new Set(held.trained.map(({ name }) => name));
    const tables = architecture.embeddingTables(config).filter(({ parameter }) => trained.has(parameter));
    this.gradientStore = new GradientStore(held.trained, tables, config.hiddenSize);
  }

  /**
   * Makes an engine.
   *
   * @throws FinalError `UnsupportedModel` when a weight is missing, `InvalidSpec` when nothing is left to train.
   */
  static async create({ weights, ...options }: EngineOptions): Promise<Engine> {
    return Promise.resolve(new Engine(options, new EngineParameters({ weights, ...options })));
  }

  /** Those that are trained, live, in the engine's own layout; the optimiser updates them in place. */
  get parameters(): readonly Parameter[] {
    return this.held.trained;
  }

  /** Length of an embedding. */
  get dimension(): number {
    return this.options.model.config.hiddenSize;
  }

  /**
   * Loss and gradients of a batch, without changing a parameter. Gradients are named and laid out as {@link parameters} and are valid
   * until the next step. In micro-batches, pairs of like length go together; the loss stays that of the whole batch.
   */
  async step({
    queries,
    documents,
    step,
    microBatchTokens = Infinity,
    onMicroBatch,
  }: TrainingBatch): Promise<StepResult> {
    const { gradientStore } = this;
    if (gradientStore === undefined)
      throw new Error('Engine.step: needs an engine made with `training`, got one that only embeds');
    if (queries.length !== documents.length || queries.length === 0) {
      throw new Error(
        `Engine.step: needs one document a query, got ${queries.length} queries and ${documents.length} documents`,
      );
    }
    if (!(microBatchTokens >= 1)) {
      throw new Error(`Engine.step: microBatchTokens must be at least 1, got ${microBatchTokens}`);
    }
    gradientStore.clear();
    const pairs = queries.length;
    const pairTokens = queries.map((query, pair) => query.length + documents[pair]!.length);
    const tokens = pairTokens.reduce((sum, length) => sum + length, 0);
    const parts =
      tokens <= microBatchTokens ? [[...queries.keys()]] : tokenBatches(pairTokens, { tokens: microBatchTokens });
    const micro = parts.map((own) =>
      this.pack([...own.map((pair) => queries[pair]!), ...own.map((pair) => documents[pair]!)]),
    );
    // Queries first, then their documents, as in the whole batch: a text's place does not hang on the micro-batch.
    const places = parts.map((own) => [...own, ...own.map((pair) => pairs + pair)]);
    const loss =
      micro.length === 1
        ? await this.runStep(micro[0]!, places[0]!, step)
        : await this.runCached({ micro, places, step, pairs, onMicroBatch });
    return { loss, gradients: gradientStore.result(), touchedRows: gradientStore.touchedRows(), tokens };
  }

  /** Pooled embeddings `[texts, dimension]`, normalised when the folder says so; no dropout, the same bits for the same texts. */
  async embed(texts: TokenizedTexts, { signal, onProgress }: EmbedOptions = {}): Promise<Float32Array> {
    const total = textCount(texts);
    const result = new Float32Array(total * this.dimension);
    const lengths = Int32Array.from({ length: total }, (_, text) => texts.offsets[text + 1]! - texts.offsets[text]!);
    let done = 0;
    for (const batch of tokenBatches(lengths, EMBEDDING_BUDGET)) {
      // The run blocks: let the signal and timers in between.
      await setImmediate();
      signal?.throwIfAborted();
      const packed = this.pack(batch.map((text) => textAt(texts, text)));
      const session = await this.session('embed');
      const outputs = await session.run(packed.feeds, this.held.feeds);
      const embeddings = outputs.get(GRAPH_NAMES.embeddings)!;
      batch.forEach((text, row) =>
        result.set(embeddings.subarray(row * this.dimension, (row + 1) * this.dimension), text * this.dimension),
      );
      done += batch.length;
      onProgress?.(done, total);
    }
    return result;
  }

  /** A copy of the weights in PyTorch's names and layouts. */
  toWeights(): Weights {
    return this.held.toWeights();
  }

  /**
   * Puts parameter data of the engine's layout back, as from a checkpoint; what it lacks gets the base model's values again.
   *
   * @throws Error when one is of another size, or missing and the engine was made without `readBase`; then none is changed.
   */
  load(parameters: ReadonlyMap<string, Float32Array>): Promise<void> {
    return this.held.load(parameters);
  }

  /** Frees ONNX Runtime's memory. */
  async dispose(): Promise<void> {
    const sessions = [...this.sessions.values()];
    this.sessions.clear();
    for (const session of sessions) await (await session).release();
  }

  private pack(texts: readonly Int32Array[]): PackedBatch {
    const { config, pooling } = this.options.model;
    return packTexts(texts, { heads: config.numAttentionHeads, pooling });
  }

  private async runStep(batch: PackedBatch, places: readonly number[], step: number): Promise<number> {
    this.addMasks(batch, places, step);
    const session = await this.session('step');
    const outputs = await session.run(batch.feeds, this.held.feeds);
    this.collect(outputs, batch);
    return outputs.get(GRAPH_NAMES.loss)![0]!;
  }

  /** Gradient caching: embeddings of all micro-batches, the loss's gradient with respect to them, then one backward pass each. */
  private async runCached({ micro, places, step, pairs, onMicroBatch }: CachedStep): Promise<number> {
    const dimension = this.dimension;
    const embeddings = new Float32Array(2 * pairs * dimension);
    for (const [at, batch] of micro.entries()) {
      this.addMasks(batch, places[at]!, step);
      const session = await this.session('forward');
      const part = (await session.run(batch.feeds, this.held.feeds)).get(GRAPH_NAMES.embeddings)!;
      places[at]!.forEach((text, row) =>
        embeddings.set(part.subarray(row * dimension, (row + 1) * dimension), text * dimension),
      );
      this.dropMasks(batch);
      await onMicroBatch?.();
    }
    const fed = new Map([[GRAPH_NAMES.embeddings, { data: embeddings, dims: [2 * pairs, dimension] }]]);
    const loss = await (await this.session('loss')).run(fed);
    const gradient = loss.get(GRAPH_NAMES.embeddingsGradient)!;
    for (const [at, batch] of micro.entries()) {
      const texts = places[at]!;
      const seed = new Float32Array(texts.length * dimension);
      texts.forEach((text, row) =>
        seed.set(gradient.subarray(text * dimension, (text + 1) * dimension), row * dimension),
      );
      this.addMasks(batch, texts, step);
      const session = await this.session('backward');
      const seeds = new Map([[GRAPH_NAMES.embeddingsGradient, { data: seed, dims: [texts.length, dimension] }]]);
      this.collect(await session.run(batch.feeds, seeds, this.held.feeds), batch);
      this.dropMasks(batch);
      await onMicroBatch?.();
    }
    return loss.get(GRAPH_NAMES.loss)![0]!;
  }

  private collect(outputs: ReadonlyMap<string, Float32Array>, { feeds, offsets, lengths }: PackedBatch): void {
    for (const { name } of this.parameters) {
      const gradient = outputs.get(GRAPH_NAMES.gradient(name));
      if (gradient !== undefined) this.gradientStore!.add(name, gradient);
    }
    const embedded = outputs.get(GRAPH_NAMES.embeddedGradient);
    if (embedded === undefined) return; // the embeddings are frozen
    this.gradientStore!.addEmbedded(embedded, {
      tokens: offsets[lengths.length]!,
      input_ids: feeds.get(PACKED_INPUTS.inputIds)!.data as Int32Array,
      position_ids: feeds.get(PACKED_INPUTS.positionIds)!.data as Int32Array,
    });
  }

  private addMasks(batch: PackedBatch, places: readonly number[], step: number): void {
    const { training, model } = this.options;
    addDropoutMasks(batch, {
      rates: training!.dropout,
      seed: training!.seed,
      step,
      places,
      layers: model.config.numHiddenLayers,
      heads: model.config.numAttentionHeads,
      hiddenSize: model.config.hiddenSize,
    });
  }

  /** Masks are made again for the backward pass rather than kept: they are larger than the texts by far. */
  private dropMasks({ feeds }: PackedBatch): void {
    for (const name of feeds.keys()) if (name.startsWith('mask.')) feeds.delete(name);
  }

  /** The session of a graph, made at its first use. */
  private session(kind: GraphKind): Promise<EngineSession> {
    let session = this.sessions.get(kind);
    if (session === undefined) {
      session = EngineSession.create(this.graph(kind), { threads: this.options.threads });
      this.sessions.set(kind, session);
      // One that could not be made, as for want of memory, is tried anew, and keeps none of the others from being freed.
      session.catch(() => this.sessions.delete(kind));
    }
    return session;
  }

  private graph(kind: GraphKind): ReturnType<typeof embedGraph> {
    const { model, training } = this.options;
    if (kind === 'embed') return embedGraph(model);
    const build = { step: stepGraph, forward: forwardGraph, backward: backwardGraph, loss: lossGraph }[kind];
    return build(model, training as GraphTraining);
  }
}
