// The graphs that the engine runs: the whole step in one, and for gradient caching (Gao et al. 2021, https://arxiv.org/abs/2101.06983)
// its three parts: embeddings of a micro-batch, loss with the embeddings' gradient, backward pass of a micro-batch.
import { input, split } from '../graph/build.js';
import { emitOnnx, type OnnxGraph } from '../graph/emission/emit-onnx.js';
import { gradients } from '../graph/gradients/gradients.js';
import { fuseAttention } from '../graph/passes/fuse-attention.js';
import { sumAsGemmC } from '../graph/passes/sum-as-gemm-c.js';
import type { Tensor } from '../graph/tensor.js';
import { losses } from '../losses/losses.js';
import type { Architecture, DropoutRates, EncoderConfig, EngineParameter } from '../models/architecture.js';
import { packedInputs } from '../models/packed-inputs.js';
import { poolPacked } from '../models/pooling.js';
import type { FreezeSpec, TrainingSpec } from '../spec/spec.js';
import { GROUP_COUNT } from '../text/packing.js';
import { isFrozen } from './freeze.js';

/** What the graphs of a model are made from. */
export interface GraphModel {
  architecture: Architecture;
  config: EncoderConfig;
  /** Scale embeddings to length 1. */
  normalize: boolean;
}

/** What the graphs of a training are made from. */
export interface GraphTraining {
  loss: TrainingSpec['loss'];
  scale: number;
  dropout: DropoutRates;
  /** Parts without gradients; below the lowest trained part the graph is a forward pass that keeps nothing. */
  freeze?: FreezeSpec | undefined;
}

/** Names of what the graphs give and take beside packed inputs and parameters. */
export const GRAPH_NAMES = {
  loss: 'loss',
  embeddings: 'embeddings',
  /** Gradient of the embeddings: an output of the loss graph, an input of the backward graph. */
  embeddingsGradient: 'embeddings_gradient',
  /** Gradient of the sum of the embedding tables' rows, `[tokens, hidden]`. */
  embeddedGradient: 'embedded_gradient',
  gradient: (parameter: string): string => `gradient.${parameter}`,
} as const;

/** Embeddings without dropout, in the forms that are fastest when nothing is differentiated. */
export function embedGraph(model: GraphModel): OnnxGraph {
  const [embeddings] = fuseAttention([encoder(model).embeddings]) as [Tensor];
  return emitOnnx({ [GRAPH_NAMES.embeddings]: embeddings });
}

/** A whole step: loss and all gradients. The first half of the texts are the queries. */
export function stepGraph(model: GraphModel, training: GraphTraining): OnnxGraph {
  const forward = encoder(model, training);
  const loss = batchLoss(forward.embeddings, training);
  return emitGradients(forward, { [GRAPH_NAMES.loss]: loss }, gradientsOf(forward, [{ output: loss }]));
}

/** Embeddings of a micro-batch, with the dropout and in the forms of {@link backwardGraph}. */
export function forwardGraph(model: GraphModel, training: GraphTraining): OnnxGraph {
  const [embeddings] = fuseAttention([encoder(model, training).embeddings]) as [Tensor];
  return emitOnnx({ [GRAPH_NAMES.embeddings]: embeddings });
}

/** Loss of a batch's embeddings, and its gradient with respect to them. */
export function lossGraph({ config }: GraphModel, training: GraphTraining): OnnxGraph {
  const embeddings = input(GRAPH_NAMES.embeddings, 'float32', ['texts', config.hiddenSize]);
  const loss = batchLoss(embeddings, training);
  const [gradient] = gradients([{ output: loss }], [embeddings]) as [Tensor];
  return emitOnnx({ [GRAPH_NAMES.loss]: loss, [GRAPH_NAMES.embeddingsGradient]: gradient });
}

/** All gradients of a micro-batch from its embeddings' gradient. */
export function backwardGraph(model: GraphModel, training: GraphTraining): OnnxGraph {
  const forward = encoder(model, training);
  const seed = input(GRAPH_NAMES.embeddingsGradient, 'float32', ['texts', model.config.hiddenSize]);
  return emitGradients(forward, {}, gradientsOf(forward, [{ output: forward.embeddings, seed }]));
}

/** A forward pass with the leaves that gradients are asked of. */
interface Forward {
  embeddings: Tensor;
  /** By the name of its gradient: the sum of the tables' rows, and the inputs of the parameters, but for the tables and what is frozen. */
  leaves: Map<string, Tensor>;
}

function encoder({ architecture, config, normalize }: GraphModel, training?: GraphTraining): Forward {
  const inputs = packedInputs({ groups: GROUP_COUNT, heads: config.numAttentionHeads });
  const tables = new Set(architecture.embeddingTables(config).map((table) => table.parameter));
  const freeze = training?.freeze;
  const parameters = new Map<string, Tensor>();
  const parameter = (wanted: EngineParameter): Tensor => {
    const tensor = input(wanted.name, 'float32', wanted.shape);
    if (!tables.has(wanted.name) && !isFrozen(wanted, freeze)) {
      parameters.set(GRAPH_NAMES.gradient(wanted.name), tensor);
    }
    return tensor;
  };
  const { hidden, embedded } = architecture.buildPackedEncoder(config, parameter, {
    inputs,
    dropout: training?.dropout,
  });
  const first: [string, Tensor][] = freeze?.embeddings ? [] : [[GRAPH_NAMES.embeddedGradient, embedded]];
  return {
    embeddings: poolPacked(hidden, inputs.pooling, { normalize }),
    leaves: new Map([...first, ...parameters]),
  };
}

function batchLoss(embeddings: Tensor, { loss, scale }: GraphTraining): Tensor {
  const [queries, documents] = split(embeddings, 0, 2, 'pairs') as [Tensor, Tensor];
  return losses[loss]({ queries, documents }, { scale });
}

function gradientsOf({ leaves }: Forward, results: Parameters<typeof gradients>[0]): Tensor[] {
  return gradients(results, [...leaves.values()]);
}

function emitGradients({ leaves }: Forward, others: Record<string, Tensor>, found: readonly Tensor[]): OnnxGraph {
  // Attention in frozen layers, which nobody goes back through, is fused as well.
  const results = fuseAttention(sumAsGemmC([...Object.values(others), ...found]));
  const names = [...Object.keys(others), ...leaves.keys()];
  return emitOnnx(Object.fromEntries(names.map((name, place) => [name, results[place]!])), { outputViews: true });
}
