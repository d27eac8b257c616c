// transformers.js, as its documentation says: a feature-extraction pipeline over a local folder.
import { env, pipeline } from '@huggingface/transformers';
import { finish, job, models, name } from './job.mjs';

env.allowRemoteModels = false;
env.localModelPath = models;
const extractor = await pipeline('feature-extraction', name, { dtype: 'fp32', model_file_name: job.file });
const vectors = [];
for (let i = 0; i < job.texts.length; i += 10) {
  const output = await extractor(job.texts.slice(i, i + 10), { pooling: job.pooling, normalize: true });
  vectors.push(...output.tolist());
}
finish(vectors);
