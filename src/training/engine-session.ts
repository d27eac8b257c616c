// One graph loaded into ONNX Runtime: feeds by name in, results by name out, as float32 views of the runtime's own outputs.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { errorMessage, FinalError } from '../errors.js';
import type { OnnxGraph, OutputPlace } from '../graph/emission/emit-onnx.js';
import type { FeedArray } from '../text/packing.js';

/** Feeds by name: packed inputs, masks, and tensors that stay between runs. */
export type Feeds = ReadonlyMap<string, FeedArray | Tensor>;

/** A session and where its results are found. */
export class EngineSession {
  private constructor(
    private readonly session: InferenceSession,
    private readonly inputs: readonly string[],
    private readonly outputs: ReadonlyMap<string, OutputPlace>,
  ) {}

  /** Loads a graph; `threads` as ONNX Runtime counts them, default one a core. */
  static async create(
    { bytes, inputs, outputs }: OnnxGraph,
    { threads }: { threads?: number | undefined } = {},
  ): Promise<EngineSession> {
    const session = await InferenceSession.create(bytes, {
      executionProviders: ['cpu'],
      graphOptimizationLevel: 'all',
      // Shapes vary from batch to batch: a plan of one batch's memory would only add to the next one's.
      enableMemPattern: false,
      logSeverityLevel: 3,
      // Threads wait actively within a run alone: after it they would take a core for another 50 ms.
      extra: { session: { force_spinning_stop: '1' } },
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    });
    return new EngineSession(
      session,
      inputs.map(({ name }) => name),
      outputs,
    );
  }

  /**
   * Runs the graph. The native call blocks this thread until it is done.
   *
   * @throws FinalError `OutOfMemory` when ONNX Runtime cannot get the memory; an Error that names an input when it is not fed.
   */
  async run(...feeds: readonly Feeds[]): Promise<Map<string, Float32Array>> {
    const fed: Record<string, Tensor> = {};
    for (const name of this.inputs) {
      const value = feeds.map((part) => part.get(name)).find((found) => found !== undefined);
      if (value === undefined) throw new Error(`EngineSession: every input must be fed, got none for ${name}`);
      fed[name] = isTensor(value) ? value : toTensor(value);
    }
    const results = await this.session.run(fed).catch((error: unknown) => {
      throw isOutOfMemory(error)
        ? new FinalError(
            'OutOfMemory',
            'Engine: ONNX Runtime got no memory for the batch; set a smaller training.microBatchSize',
            { cause: error },
          )
        : error;
    });
    const views = new Map<string, Float32Array>();
    for (const [name, { tensor, offset, shape }] of this.outputs) {
      const data = results[tensor]!.data as Float32Array;
      // A result may share its tensor with another one; only a whole tensor has sides that are not known beforehand.
      const known = shape.reduce<number>((product, dim) => product * Number(dim), 1);
      const size = Number.isNaN(known) ? data.length : known;
      views.set(name, size === data.length ? data : data.subarray(offset, offset + size));
    }
    return views;
  }

  /** Frees the session's memory. */
  async release(): Promise<void> {
    await this.session.release();
  }
}

function isTensor(value: FeedArray | Tensor): value is Tensor {
  return value instanceof Tensor;
}

/** An ONNX Runtime tensor over the same memory. */
export function toTensor({ data, dims }: FeedArray): Tensor {
  if (data instanceof Float32Array) return new Tensor('float32', data, dims);
  return data instanceof Int32Array ? new Tensor('int32', data, dims) : new Tensor('uint8', data, dims);
}

function isOutOfMemory(error: unknown): boolean {
  return /bad_alloc|failed to allocate/i.test(errorMessage(error));
}
