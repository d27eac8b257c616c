// LangChain.js over transformers.js.
import { HuggingFaceTransformersEmbeddings } from '@langchain/community/embeddings/huggingface_transformers';
import { env } from '@huggingface/transformers';
import { finish, job, models, name } from './job.mjs';

env.allowRemoteModels = false;
env.localModelPath = models;
const embeddings = new HuggingFaceTransformersEmbeddings({
  model: name,
  batchSize: 10,
  pretrainedOptions: { dtype: 'fp32', model_file_name: job.file },
  pipelineOptions: { pooling: job.pooling },
});
finish(await embeddings.embedDocuments(job.texts));
