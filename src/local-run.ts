// A run without Temporal: the stages from pinning to publishing, one after the other, in this process and its trainer process. What an
// interrupted one has made is found again by the next.
import { inputsSha256 } from '../activities/inputs-hash.js';
import { sourceSettings } from '../activities/worker-settings.js';
import { readArtifact } from './artifacts/artifact.js';
import type { StageContext } from './artifacts/stage-context.js';
import type { ArtifactStore } from './artifacts/store.js';
import { buildCorpus } from './dataset/corpus.js';
import { downloadDataset } from './dataset/fetch-dataset.js';
import { firstPairs, type Pair, type PairsFacts } from './dataset/pairs.js';
import { pinDataset } from './dataset/pin-dataset.js';
import { splitPairs } from './dataset/split.js';
import { transformPairs } from './dataset/transform.js';
import { isOutOfMemory } from './errors.js';
import { fetchBaseModel } from './models/base-model.js';
import { demandOwnFolders } from './sources/own-folder.js';
import { resolveAllowedOutput } from './sources/paths.js';
import { pinModel } from './sources/pin.js';
import type { AllowedSources } from './sources/source-settings.js';
import { modelName } from './spec/names.js';
import { chooseEpoch, demandValidation, trainingFigures } from './spec/outcome.js';
import { randomPart } from './spec/random-model.js';
import { isReadyDataset, type FineTuneSpec } from './spec/spec.js';
import type { EpochSummary, EvaluateInput, EvaluateResult } from './spec/evaluation-stages.js';
import type {
  CorpusResult,
  DatasetPin,
  ModelPin,
  PlanInput,
  PlanResult,
  SplitResult,
  TransformResult,
} from './spec/preparation-stages.js';
import type { FineTuneResult } from './spec/publishing-stages.js';
import type { ArtifactRef, Part, StageProgress, WeightsRef } from './spec/stages.js';
import type { TrainEpochResult } from './spec/training-stages.js';
import { decodeTexts, textCount } from './text/tokenized-texts.js';
import type { TrainerHost } from './trainer/host.js';

/** Options of {@link fineTuneLocally} and {@link planLocally}. */
export interface LocalOptions {
  /** Folder of the artifact store; made when missing. */
  store: string;
  /** Folders that the spec's paths may lie in; default: the working directory. */
  dataFolders?: string[];
  /** What may be read beside them; default: any public repository of the Hub, without the token. */
  allowedSources?: AllowedSources | undefined;
  /** Base address of the Hub; default: HF_ENDPOINT in the environment, else `https://huggingface.co`. */
  hubUrl?: string | undefined;
  /** Default: HF_TOKEN in the environment; sent only for what `allowedSources.hub` names. */
  hubToken?: string | undefined;
  /** Threads of ONNX Runtime; default: one a core that the process may use. */
  threads?: number | undefined;
  /** Script of the trainer process; default: the package's own. */
  trainerPath?: string | undefined;
  /** Aborted: the trainer saves a checkpoint and the call throws the signal's reason. */
  signal?: AbortSignal;
  onProgress?: (progress: StageProgress) => void;
  onWarning?: (message: string) => void;
}

/** What the stages before training make. */
export interface LocalPlan {
  pins: { model: ModelPin; dataset: DatasetPin };
  model: ArtifactRef;
  /** The dataset's files as they came. */
  snapshot: ArtifactRef;
  /** Absent for ready files. */
  transform?: TransformResult;
  split?: SplitResult;
  corpus: CorpusResult;
  plan: PlanResult;
  warnings: string[];
}

/** A plan with what people want to see of it. */
export interface LocalPlanView extends LocalPlan {
  /** The first transformed pairs; empty for ready files. */
  pairs: Pair[];
  /** Token counts of all texts, special tokens included, by kind. */
  lengths: { queries: number[]; documents: number[] };
}

/** One run of a spec on a store. */
export class LocalRun {
  private readonly warnings = new Set<string>();
  private readonly context: StageContext;
  private readonly dataFolders: string[];

  constructor(
    private readonly spec: FineTuneSpec,
    private readonly options: LocalOptions,
    private readonly store: ArtifactStore,
    private readonly host: TrainerHost,
  ) {
    this.dataFolders = options.dataFolders ?? [process.cwd()];
    this.context = {
      store,
      signal: options.signal ?? new AbortController().signal,
      progress: (progress) => options.onProgress?.(progress),
      warn: (message) => this.warn(message),
    };
  }

  /** The stages from pinning to the plan. */
  async prepare(): Promise<LocalPlan> {
    const { spec, context } = this;
    const { dataset, training } = spec;
    const storeId = this.store.id;
    const sources = sourceSettings({ ...this.options, dataFolders: this.dataFolders });
    // Told now, and not after hours of training.
    await demandOwnFolders(await resolveAllowedOutput(spec.output.directory, this.dataFolders), spec);
    const pins = {
      model: await pinModel(spec.model, sources, context),
      dataset: await pinDataset(dataset, sources, context),
    };
    const { kind, key } = await fetchBaseModel({ pin: pins.model, ...randomPart(spec.model) }, sources, context);
    const model = { kind, key };
    const { artifact: snapshot } = await downloadDataset({ pin: pins.dataset, dataset }, sources, context);
    const table = isReadyDataset(dataset) ? undefined : await this.pairsOf(snapshot);
    const corpus = await buildCorpus(
      { storeId, from: table?.split.artifact ?? snapshot, dataset, keep: training.keep },
      context,
    );
    this.warnAll(corpus.warnings);
    demandValidation(spec, corpus);
    const plan = await this.planTraining({
      ...{ storeId, model, retrieval: corpus.artifact },
      madeFrom: [snapshot, ...(table ? [table.transform.artifact, table.split.artifact] : [])],
      spec: { prompts: spec.prompts, training },
      modelName: modelName(spec.model),
    });
    this.warnAll(plan.warnings);
    return { pins, model, snapshot, corpus, plan, ...table, warnings: [...this.warnings] };
  }

  /** Trains, evaluates and publishes. */
  async finish(prepared: LocalPlan): Promise<FineTuneResult> {
    const { spec } = this;
    const { training } = spec;
    const storeId = this.store.id;
    const { model, snapshot, corpus, plan, pins } = prepared;
    const before = await this.evaluate(prepared, { base: true }, 'test');
    const epochs: EpochSummary[] = [];
    const results: TrainEpochResult[] = [];
    for (let epoch = 1; epoch <= training.epochs; epoch++) {
      const input = {
        ...{ storeId, model, tokens: plan.tokens, plan: plan.plan, lineage: plan.lineage, training, epoch },
        ...(epochs.length > 0 && { chosen: chooseEpoch(epochs, training.keep).checkpoint }),
      };
      const result = await this.host.call('trainEpoch', input, this.calling());
      if (!result.finished) throw this.context.signal.reason;
      this.warnAll(result.warnings);
      results.push(result);
      const weights = { checkpoint: result.checkpoint };
      epochs.push({
        epoch,
        checkpoint: result.checkpoint,
        meanLoss: result.meanLoss,
        ...(training.keep === 'best' && { validation: await this.evaluate(prepared, weights, 'validation') }),
        test: await this.evaluate(prepared, weights, 'test'),
      });
    }
    const published = chooseEpoch(epochs, training.keep);
    const after = published.test;
    const figures = trainingFigures(plan, results);
    const { transform, split } = prepared;
    const outputDirectory = await resolveAllowedOutput(spec.output.directory, this.dataFolders);
    const { report, verdict, ...made } = await this.host.call(
      'publishModel',
      {
        trainingEndedMs: Date.now(),
        ...{ storeId, spec, pins, model, snapshot, corpus, plan, epochs, published, before, after, outputDirectory },
        ...(transform && { transform }),
        ...(split && { split }),
        retrieval: corpus.artifact,
        tokens: plan.tokens,
        training: figures,
        warnings: [...this.warnings],
        workflow: { workflowId: '', runId: '' },
      },
      this.calling(),
    );
    return {
      model: made.model,
      metrics: {
        before: before.metrics,
        after: after.metrics,
        epochs: epochs.map(({ epoch, test }) => ({ epoch, metrics: test?.metrics ?? {} })),
      },
      verdict,
      training: figures,
      publishedEpoch: published.epoch,
      report,
      bitIdentical: results.every((result) => result.bitIdentical),
      warnings: [...this.warnings],
      inputsSha256: inputsSha256(spec, pins),
    };
  }

  /** The first pairs of the first split. */
  async examples({ artifact }: TransformResult, count: number): Promise<Pair[]> {
    const { blobs, facts } = await readArtifact<PairsFacts>(this.store, artifact);
    const blob = blobs[facts.splits[0]?.blob ?? ''];
    return blob ? firstPairs(await this.store.blobPath(blob), count) : [];
  }

  /** Token counts of all texts of all parts. */
  async lengths({ plan }: LocalPlan): Promise<LocalPlanView['lengths']> {
    const { blobs } = await readArtifact(this.store, plan.tokens);
    const lengths: LocalPlanView['lengths'] = { queries: [], documents: [] };
    for (const [name, blob] of Object.entries(blobs)) {
      const kind = name.split('/').pop();
      if (kind !== 'queries' && kind !== 'documents') continue;
      const texts = decodeTexts(await this.store.readBlob(blob));
      for (let i = 0; i < textCount(texts); i++) lengths[kind].push(texts.offsets[i + 1]! - texts.offsets[i]!);
    }
    return lengths;
  }

  private async pairsOf(snapshot: ArtifactRef): Promise<{ transform: TransformResult; split: SplitResult }> {
    const { dataset, training } = this.spec;
    const storeId = this.store.id;
    const transform = await transformPairs({ storeId, snapshot, dataset }, this.context);
    const split = await splitPairs({ storeId, pairs: transform.artifact, dataset, keep: training.keep }, this.context);
    return { transform, split };
  }

  /** Plans once more without trying a step when memory ran out. */
  private planTraining(input: PlanInput): Promise<PlanResult> {
    return this.host.call('planTraining', input, this.calling()).catch((error: unknown) => {
      if (!isOutOfMemory(error)) throw error;
      return this.host.call('planTraining', { ...input, memoryRanOut: true }, this.calling());
    });
  }

  private evaluate(
    { model, corpus, plan }: LocalPlan,
    weights: WeightsRef,
    part: Exclude<Part, 'train'>,
  ): Promise<EvaluateResult> {
    const { topK } = this.spec.evaluation;
    const input: EvaluateInput = {
      ...{ storeId: this.store.id, model, weights, part, topK },
      retrieval: corpus.artifact,
      tokens: plan.tokens,
    };
    return this.host.call('evaluateModel', input, this.calling());
  }

  private calling(): Parameters<TrainerHost['call']>[2] {
    return {
      signal: this.context.signal,
      onProgress: (progress) => this.context.progress(progress),
      onWarn: (message) => this.warn(message),
    };
  }

  private warn(message: string): void {
    if (this.warnings.has(message)) return;
    this.warnings.add(message);
    this.options.onWarning?.(message);
  }

  private warnAll(messages: readonly string[]): void {
    for (const message of messages) this.warn(message);
  }
}
