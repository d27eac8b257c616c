// What crosses between the workflow and the activities that evaluate, and what is made of it: metrics, an epoch's summary, a verdict.
import type { FineTuneSpec } from './spec.js';
import type { ArtifactRef, CheckpointRef, WeightsRef } from './stages.js';

/** `evaluateModel` → kind `evaluation`. */
export interface EvaluateInput {
  storeId: string;
  model: ArtifactRef;
  retrieval: ArtifactRef;
  tokens: ArtifactRef;
  weights: WeightsRef;
  part: 'validation' | 'test';
  topK: number;
}
export interface EvaluateResult {
  artifact: ArtifactRef;
  metrics: Metrics;
  queries: number;
  documents: number;
  seconds: number;
}
/** `evaluateOn` → kind `evaluation`: a whole model on a part of any prepared data; `prompts` and length as a spec gives them. */
export interface EvaluateOnInput {
  storeId: string;
  model: ArtifactRef;
  retrieval: ArtifactRef;
  prompts: FineTuneSpec['prompts'];
  maxSequenceLength: number | null;
  part: 'validation' | 'test';
  topK: number;
}
/** What `evaluate` returns, the activity that runs without a workflow: figures on the test part, and what they are of. */
export interface EvaluationReport extends Omit<EvaluateResult, 'artifact'> {
  model: string;
  dataset: string;
}
/** sentence-transformers' keys without their `cosine_` prefix, e.g. `ndcg@10`, and `hit_rate@<topK>`. */
export type Metrics = Record<string, number>;

/** Before against after, by a paired bootstrap over the test answers. */
export interface Verdict {
  verdict: 'improved' | 'unclear' | 'worse';
  metric: 'ndcg@10';
  difference: number;
  /** 95 % interval of the difference. */
  interval: [number, number];
  resamples: number;
}
export interface EpochSummary {
  epoch: number;
  checkpoint: CheckpointRef;
  meanLoss: number;
  test?: EvaluateResult;
  validation?: EvaluateResult;
}
