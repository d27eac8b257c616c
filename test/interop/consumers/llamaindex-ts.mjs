// LlamaIndex.TS over transformers.js; it always pools by the mean.
import { HuggingFaceEmbedding } from '@llamaindex/huggingface';
import { env } from '@huggingface/transformers';
import { finish, job, models, name } from './job.mjs';

env.allowRemoteModels = false;
env.localModelPath = models;
const embedding = new HuggingFaceEmbedding({
  modelType: name,
  modelOptions: { dtype: 'fp32', model_file_name: job.file },
});
const vectors = [];
for (const text of job.texts) vectors.push(await embedding.getTextEmbedding(text));
finish(vectors);
