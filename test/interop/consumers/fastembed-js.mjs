// fastembed-js with a folder of one's own; it always takes token 0.
import { EmbeddingModel, FlagEmbedding } from 'fastembed';
import { finish, job } from './job.mjs';

const model = await FlagEmbedding.init({
  model: EmbeddingModel.CUSTOM,
  modelAbsoluteDirPath: job.folder,
  modelName: `onnx/${job.file}.onnx`,
});
const vectors = [];
for await (const batch of model.embed(job.texts, 10)) vectors.push(...batch);
finish(vectors);
