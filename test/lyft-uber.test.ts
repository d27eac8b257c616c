// The real encoder on a real set, against sentence-transformers: the loss step by step, and the quality that a whole run ends with.
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readArtifact } from '../src/artifacts/artifact.js';
import { openLocalStore } from '../src/artifacts/local-store.js';
import type { StageContext } from '../src/artifacts/stage-context.js';
import type { ArtifactStore, BlobRef } from '../src/artifacts/store.js';
import { evaluateModel } from '../src/evaluation/evaluate-stage.js';
import { fineTuneSpecSchema } from '../src/spec/spec.js';
import type { PlanResult } from '../src/spec/preparation-stages.js';
import type { ArtifactRef } from '../src/spec/stages.js';
import { readTokens } from '../src/text/tokenize.js';
import { createEngines, lendEngine } from '../src/trainer/engines.js';
import { batchOf, pairsOf } from '../src/training/batches.js';
import { trainEpoch } from '../src/training/epoch.js';
import { AdamW, clipCoefficient, gradientNorm } from '../src/training/optimizer.js';
import { describeMachine } from '../src/training/numerics.js';
import { planTraining, type TrainingPlan } from '../src/training/plan.js';
import { learningRateAt, linearSchedule } from '../src/training/schedule.js';

const SHARED = new URL('../../shared/', import.meta.url).pathname;
const MODEL = join(SHARED, 'models/all-MiniLM-L6-v2');
const DATA = join(SHARED, 'data/lyft-uber');
const isMissing = !existsSync(MODEL) || !existsSync(DATA);

interface LossFixture {
  pairs: number;
  totalSteps: number;
  steps: { batch: number[]; loss: number; norm: number }[];
}

const { training } = fineTuneSpecSchema.parse({
  model: 'm',
  dataset: 'd',
  training: { epochs: 2, batchSize: 10, learningRate: 2e-5, dropout: 0 },
});

describe.skipIf(isMissing)('all-MiniLM-L6-v2 on Lyft → Uber (needs ../shared/models and ../shared/data)', () => {
  let folder: string;
  let store: ArtifactStore;
  let context: StageContext;
  let model: ArtifactRef;
  let retrieval: ArtifactRef;
  let plan: PlanResult;
  const engines = createEngines();
  const machine = describeMachine(availableParallelism());

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lyft-uber-'));
    store = await openLocalStore({ folder, create: true });
    context = {
      store,
      signal: new AbortController().signal,
      progress: () => undefined,
      warn: () => undefined,
    };
    const put = async (kind: string, files: Record<string, string>): Promise<ArtifactRef> => {
      const blobs: Record<string, BlobRef> = {};
      for (const [name, path] of Object.entries(files)) blobs[name] = await store.putFile(path);
      await store.createRecord(kind, 'lyft-uber', { blobs, facts: {} });
      return { kind, key: 'lyft-uber' };
    };
    const files = (await readdir(MODEL, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    model = await put(
      'model-folder',
      Object.fromEntries(
        files.map(({ parentPath, name }) => [join(parentPath, name).slice(MODEL.length + 1), join(parentPath, name)]),
      ),
    );
    retrieval = await put('retrieval', {
      'train.json': join(DATA, 'train_dataset.json'),
      'test.json': join(DATA, 'val_dataset.json'),
    });
    plan = await planTraining(
      { storeId: store.id, model, retrieval, spec: { prompts: {}, training } },
      { ...context, limitMb: 16_000 },
    );
  });

  afterAll(async () => {
    await engines.clear();
    await rm(folder, { recursive: true, force: true });
  });

  it(
    'follows the loss of sentence-transformers for 50 steps on the same batches within 1e-3',
    { timeout: 1_800_000 },
    async () => {
      // Made by test/fixtures/scripts/lyft-uber-losses.py.
      const fixture = JSON.parse(
        readFileSync(new URL('fixtures/lyft-uber-losses.json', import.meta.url), 'utf8'),
      ) as LossFixture;
      const part = await readTokens(store, plan.tokens, 'train');
      const pairs = pairsOf(part);
      const micro = (await readArtifact<TrainingPlan>(store, plan.plan)).facts; // 16 GB hold each batch whole
      expect(pairs.queries).toHaveLength(fixture.pairs);
      const { engine } = await engines.acquire(
        store,
        {
          model,
          training: {
            loss: training.loss,
            scale: 20,
            dropout: { hidden: 0, attention: 0 },
            seed: 1,
            weightDecay: 0.01,
          },
        },
        { fresh: true },
      );
      const optimizer = new AdamW(engine.parameters, { weightDecay: 0.01 });
      const schedule = linearSchedule({ learningRate: 2e-5, warmupRatio: 0.1, totalSteps: fixture.totalSteps });
      const errors: number[] = [];
      for (const [step, { batch, loss: expected, norm: expectedNorm }] of fixture.steps.entries()) {
        const { loss, gradients } = await engine.step({ ...batchOf(Int32Array.from(batch), pairs, part, micro), step });
        const norm = gradientNorm(engine.parameters, gradients);
        errors.push(Math.abs(loss - expected));
        expect(Math.abs(norm / expectedNorm - 1), `gradient norm at step ${step}`).toBeLessThan(1e-2);
        const learningRate = learningRateAt(schedule, step);
        optimizer.update({ gradients, learningRate, step, gradientScale: clipCoefficient(norm, 1) });
      }
      await engines.clear(); // its weights are no longer the base model's
      expect(Math.max(...errors)).toBeLessThan(1e-3);
    },
  );

  it(
    'ends a whole run within 0.01 of sentence-transformers: NDCG@10 0.671 without dropout',
    { timeout: 1_800_000 },
    async () => {
      for (const epoch of [1, 2]) {
        await trainEpoch(
          { storeId: store.id, model, tokens: plan.tokens, plan: plan.plan, lineage: plan.lineage, training, epoch },
          { ...context, engines, machine },
        );
      }
      const { metrics } = await evaluateModel(
        {
          storeId: store.id,
          model,
          retrieval,
          tokens: plan.tokens,
          weights: { checkpoint: { lineage: plan.lineage, step: plan.totalSteps } },
          part: 'test',
          topK: 5,
        },
        { ...context, embedder: (weights) => lendEngine({ ...context, engines, machine, model, weights }) },
      );
      expect(Math.abs(metrics['ndcg@10']! - 0.671)).toBeLessThan(0.01);
    },
  );
});
