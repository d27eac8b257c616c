// Job: the data stages of a run on one file, as the workflow makes them: pin, download, transform, split, corpus.
import { mkdtemp } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openLocalStore } from '../../src/artifacts/local-store.js';
import type { StageContext } from '../../src/artifacts/stage-context.js';
import { buildCorpus } from '../../src/dataset/corpus.js';
import { downloadDataset } from '../../src/dataset/fetch-dataset.js';
import { pinDataset } from '../../src/dataset/pin-dataset.js';
import { splitPairs } from '../../src/dataset/split.js';
import { transformPairs } from '../../src/dataset/transform.js';
import { parseSpec } from '../../src/spec/parse.js';
import { now } from '../clock.js';
import { serveJob } from '../job.js';

/** Which file. */
export interface PrepareJob {
  file: string;
  folder: string;
  prefix: string;
  corpusCount?: number;
}

/** How long each stage took. */
export interface PrepareResult {
  seconds: number;
  stages: Record<string, number>;
  pairs: number;
}

await serveJob<PrepareJob>(async ({ file, folder, prefix, corpusCount = 0 }): Promise<PrepareResult> => {
  const context: StageContext = {
    store: await openLocalStore({ folder: await mkdtemp(join(folder, 'store-')), create: true }),
    signal: new AbortController().signal,
    warn: () => undefined,
    progress: () => undefined,
  };
  const columns = { question: ['message_1'], answer: ['topic;', 'sub_topic', 'message_2'] };
  const { dataset, training } = parseSpec({
    model: 'none',
    dataset: { source: file, columns, strip: [prefix], corpusCount },
  });
  const { keep } = training;
  const storeId = context.store.id;
  const settings = { dataFolders: [dirname(file)] };
  const stages: Record<string, number> = {};
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const start = now();
    const result = await work();
    stages[name] = (now() - start) / 1000;
    return result;
  };
  const { artifact: snapshot } = await timed('snapshot', async () =>
    downloadDataset({ pin: await pinDataset(dataset, settings, context), dataset }, settings, context),
  );
  const { artifact: pairs } = await timed('transform', () => transformPairs({ storeId, snapshot, dataset }, context));
  const { artifact: from } = await timed('split', () => splitPairs({ storeId, pairs, dataset, keep }, context));
  const corpus = await timed('corpus', () => buildCorpus({ storeId, from, dataset, keep }, context));
  return {
    seconds: Object.values(stages).reduce((sum, seconds) => sum + seconds, 0),
    stages,
    pairs: Object.values(corpus.parts).reduce((sum, part) => sum + part.pairs, 0),
  };
});
