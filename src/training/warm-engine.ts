// The warm engine of the trainer process. Building one takes seconds and its memory is large, so one is kept between calls, with the
// optimizer's moments and a note of what it holds: epoch 3 goes on where epoch 2 ended without reading the checkpoint again.
import { stableJson } from '../artifacts/hash.js';
import type { ArtifactStore } from '../artifacts/store.js';
import type { ArtifactRef } from '../spec/stages.js';
import type { FreezeSpec, TrainingSpec } from '../spec/spec.js';
import { AdamW } from './optimizer.js';
import type { TrainingEngine } from './training-engine.js';

/** Which engine is needed. */
export interface EngineRequest {
  model: ArtifactRef;
  /** Absent when it only embeds. */
  training?: {
    loss: TrainingSpec['loss'];
    scale: number;
    dropout: { hidden: number; attention: number };
    seed: number;
    weightDecay: number;
    freeze?: FreezeSpec | undefined;
  };
}

/** What of a training's settings an engine is built for. */
export function engineTraining(
  { loss, scale, seed, weightDecay, freeze }: TrainingSpec,
  { dropout }: { dropout: { hidden: number; attention: number } },
): NonNullable<EngineRequest['training']> {
  return { loss, scale, seed, weightDecay, dropout, freeze };
}

/** An engine, its optimizer, and what they hold. */
export interface WarmEngine<E extends TrainingEngine = TrainingEngine> {
  readonly engine: E;
  readonly optimizer: AdamW | undefined;
  /** Hash of the weights' blob, `base`, or undefined while a training changes them. */
  weights: string | undefined;
  /** Hashes of both moments' blobs, `zero`, or undefined likewise. */
  moments: string | undefined;
}

/** Makes an engine with the base model's weights. */
export type OpenEngine<E extends TrainingEngine> = (store: ArtifactStore, request: EngineRequest) => Promise<E>;

/** Keeps at most one engine. */
export class EngineCache<E extends TrainingEngine = TrainingEngine> {
  private key: string | undefined;
  private warm: WarmEngine<E> | undefined;

  constructor(private readonly open: OpenEngine<E>) {}

  /**
   * The engine for a request: the warm one when it was made for the same, or for training the same model when only embedding is asked
   * for; else a new one takes its place.
   *
   * @param fresh true when it has to hold the base model's weights and no moments.
   */
  async acquire(store: ArtifactStore, request: EngineRequest, { fresh = false } = {}): Promise<WarmEngine<E>> {
    if (this.warm && this.key !== undefined && serves(this.key, request) && (!fresh || isFresh(this.warm))) {
      return this.warm;
    }
    await this.clear();
    const engine = await this.open(store, request);
    const { training } = request;
    const optimizer = training && new AdamW(engine.parameters, { weightDecay: training.weightDecay });
    this.key = stableJson(request);
    this.warm = { engine, optimizer, weights: 'base', moments: optimizer ? 'zero' : undefined };
    return this.warm;
  }

  /** Disposes of the warm engine. */
  async clear(): Promise<void> {
    const { warm } = this;
    this.warm = undefined;
    this.key = undefined;
    await warm?.engine.dispose();
  }
}

function isFresh({ weights, moments }: WarmEngine): boolean {
  return weights === 'base' && (moments === undefined || moments === 'zero');
}

function serves(key: string, request: EngineRequest): boolean {
  if (key === stableJson(request)) return true;
  const { model } = JSON.parse(key) as EngineRequest;
  return request.training === undefined && stableJson(model) === stableJson(request.model);
}
