// How near the training step comes to the machine's own matrix products. Reads ../shared; takes a model folder's weights, packs real
// pairs and times Engine.step against the step's FLOPs (no padding counted) at the rate that ONNX Runtime reaches on the step's own
// product shapes. Build first, then: node dist/bench/engine-step.js [rounds]
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { gemm, input } from '../src/graph/build.js';
import { emitOnnx } from '../src/graph/emission/emit-onnx.js';
import { loadWeights, readModelFolder } from '../src/models/model-folder.js';
import type { EncoderConfig } from '../src/models/architecture.js';
import { openTokenizer } from '../src/text/tokenizer.js';
import { textAt } from '../src/text/tokenized-texts.js';
import { Engine } from '../src/training/engine.js';

const shared = process.env['SHARED'] ?? '../shared';
const rounds = Number(process.argv[2] ?? 3);

interface Pair {
  query: string;
  document: string;
}

function squadPairs(count: number): Pair[] {
  const file = join(shared, 'data/squadshifts/new_wiki_v1.0.json');
  const { data } = JSON.parse(readFileSync(file, 'utf8')) as {
    data: { paragraphs: { context: string; qas: { question: string }[] }[] }[];
  };
  // Spread over the file, so that the lengths are mixed.
  const all = data.flatMap(({ paragraphs }) =>
    paragraphs.map((p) => ({ query: p.qas[0]!.question, document: p.context })),
  );
  return Array.from({ length: count }, (_, at) => all[Math.floor((at * all.length) / count)]!);
}

function lyftPairs(count: number): Pair[] {
  const file = join(shared, 'data/lyft-uber/train_dataset.json');
  const set = JSON.parse(readFileSync(file, 'utf8')) as {
    queries: Record<string, string>;
    corpus: Record<string, string>;
    relevant_docs: Record<string, string[]>;
  };
  const ids = Object.keys(set.queries);
  return Array.from({ length: count }, (_, at) => {
    const id = ids[Math.floor((at * ids.length) / count)]!;
    return { query: set.queries[id]!, document: set.corpus[set.relevant_docs[id]![0]!]! };
  });
}

/** FLOPs of a step: forward and twice as many backward; the embeddings' own rows cost none. */
function stepFlops(
  { hiddenSize: H, intermediateSize: F, numHiddenLayers }: EncoderConfig,
  lengths: readonly number[],
): number {
  const tokens = lengths.reduce((a, b) => a + b, 0);
  const squares = lengths.reduce((a, b) => a + b * b, 0);
  return 3 * numHiddenLayers * (2 * tokens * (4 * H * H + 2 * H * F) + 4 * H * squares);
}

/** FLOP/s of the step's dense products, weighted by their share. */
async function measuredPeak({ hiddenSize: H, intermediateSize: F }: EncoderConfig, tokens: number): Promise<number> {
  const shapes = [
    [tokens, H, 3 * H],
    [tokens, H, H],
    [tokens, H, F],
    [tokens, F, H],
  ] as const;
  let [flops, seconds] = [0, 0];
  for (const [m, k, n] of shapes) {
    const y = gemm(input('a', 'float32', [m, k]), input('b', 'float32', [k, n]));
    const session = await InferenceSession.create(emitOnnx({ y }).bytes);
    const feed = (rows: number, columns: number): Tensor =>
      new Tensor(
        'float32',
        Float32Array.from({ length: rows * columns }, (_, i) => ((i * 7919) % 13) / 13),
        [rows, columns],
      );
    const feeds = { a: feed(m, k), b: feed(k, n) };
    const times: number[] = [];
    for (let run = 0; run < 12; run++) {
      const start = performance.now();
      await session.run(feeds);
      times.push((performance.now() - start) / 1000);
    }
    flops += 2 * m * k * n;
    seconds += Math.min(...times);
    await session.release();
  }
  return flops / seconds;
}

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

const model = await readModelFolder(join(shared, 'models/all-MiniLM-L6-v2'));
const tokenizer = await openTokenizer(model.folder);
for (const [name, pairs, batchSize] of [
  ['A: 16 squadshifts pairs, mixed lengths', squadPairs(96), 16],
  ['B: 10 lyft-uber pairs, full passages', lyftPairs(60), 10],
] as const) {
  for (const dropout of [0, 0.1]) {
    const engine = await Engine.create({
      model,
      weights: await loadWeights(model),
      training: {
        loss: 'MultipleNegativesRankingLoss',
        scale: 20,
        dropout: { hidden: dropout, attention: dropout },
        seed: 42,
      },
    });
    const encode = (texts: string[]): Int32Array[] => {
      const { texts: encoded } = tokenizer.encode(texts, model.maxSequenceLength);
      return texts.map((_, at) => textAt(encoded, at));
    };
    const batches = Array.from({ length: pairs.length / batchSize }, (_, at) =>
      pairs.slice(at * batchSize, (at + 1) * batchSize),
    ).map((batch) => ({ queries: encode(batch.map((p) => p.query)), documents: encode(batch.map((p) => p.document)) }));
    const times: number[] = [];
    const shares: number[] = [];
    let tokens = 0;
    for (let round = 0; round <= rounds; round++) {
      for (const batch of batches) {
        const lengths = [...batch.queries, ...batch.documents].map((text) => text.length);
        const peak =
          round === 0
            ? 0
            : await measuredPeak(
                model.config,
                lengths.reduce((a, b) => a + b, 0),
              );
        const start = performance.now();
        const result = await engine.step({ ...batch, step: round });
        const seconds = (performance.now() - start) / 1000;
        if (round === 0) continue; // warm-up
        tokens = result.tokens;
        times.push(seconds * 1000);
        shares.push(stepFlops(model.config, lengths) / peak / seconds);
      }
    }
    console.log(
      JSON.stringify({
        batch: name,
        dropout,
        stepMs: Math.round(median(times)),
        bestMs: Math.round(Math.min(...times)),
        ofTheLimit: Number(median(shares).toFixed(3)),
        pairsPerSecond: Number(((1000 * batchSize) / median(times)).toFixed(1)),
        lastTokens: tokens,
        rssMb: Math.round(process.memoryUsage().rss / 2 ** 20),
      }),
    );
    await engine.dispose();
  }
}
