// Job: embeds texts with the engine, tokenising included.
import { loadWeights, readModelFolder } from '../../src/models/model-folder.js';
import { openTokenizer } from '../../src/text/tokenizer.js';
import { Engine } from '../../src/training/engine.js';
import { now, threads } from '../clock.js';
import { serveJob } from '../job.js';

/** Which texts with which model. */
export interface EmbedJob {
  model: string;
  texts: string[];
}

/** How long it took. */
export interface EmbedResult {
  seconds: number;
  tokenizeSeconds: number;
  textsPerSecond: number;
  /** First values of the first text, to see that both sides did the same. */
  sample: number[];
}

await serveJob<EmbedJob>(async ({ model: folder, texts }): Promise<EmbedResult> => {
  const model = await readModelFolder(folder);
  const engine = await Engine.create({ model, weights: await loadWeights(model), threads });
  const tokenizer = await openTokenizer(model.folder);
  await engine.embed(tokenizer.encode(texts.slice(0, 32), model.maxSequenceLength).texts); // warm-up
  const start = now();
  const { texts: encoded } = tokenizer.encode(texts, model.maxSequenceLength);
  const tokenizeSeconds = (now() - start) / 1000;
  const embeddings = await engine.embed(encoded);
  const seconds = (now() - start) / 1000;
  await engine.dispose();
  return { seconds, tokenizeSeconds, textsPerSecond: texts.length / seconds, sample: [...embeddings.subarray(0, 4)] };
});
