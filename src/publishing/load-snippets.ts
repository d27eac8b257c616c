// The lines that load the published folder in each program. Prompts and names go in as literals; what a text needs before it is
// embedded stands in each snippet, because most programs do not read prompts.
import type { EncoderModel } from '../models/model-folder.js';
import type { LoadSnippet } from '../reporting/report-data.js';
import { stringLiteral } from './escape.js';

/** A snippet with the language of its code block. */
export interface CardSnippet extends LoadSnippet {
  language: 'python' | 'js';
}

/** What the snippets depend on. */
export interface SnippetOptions {
  /** Name of the folder. */
  name: string;
  pooling: EncoderModel['pooling'];
  /** Whether the ONNX files give vectors of length 1. */
  normalize: boolean;
  /** Tokens a text. */
  maxLength: number;
  prompts: { query: string; passage: string };
}

/** One snippet a program, in the order of the model card. */
export function loadSnippets({ name, pooling, normalize, maxLength, prompts }: SnippetOptions): CardSnippet[] {
  const folder = stringLiteral(name);
  const inParent = stringLiteral('./');
  const query = stringLiteral(`${prompts.query}How is it made?`);
  const passage = stringLiteral(`${prompts.passage}It is made like this.`);
  const localModels = `env.localModelPath = ${inParent}; // the folder that holds ${folder}`;
  return [
    {
      program: 'sentence-transformers (Python)',
      language: 'python',
      code: `from sentence_transformers import SentenceTransformer

model = SentenceTransformer(${stringLiteral(`./${name}`)})
queries = model.encode(["How is it made?"], prompt_name="query")
passages = model.encode(["It is made like this."], prompt_name="document")
print(model.similarity(queries, passages))`,
    },
    {
      program: 'transformers.js',
      language: 'js',
      code: `import { env, pipeline } from '@huggingface/transformers';

${localModels}
const embed = await pipeline('feature-extraction', ${folder}, { dtype: 'fp32' });
const vectors = await embed([${query}, ${passage}], { pooling: '${pooling}', normalize: true });`,
    },
    {
      program: 'LangChain.js',
      language: 'js',
      code: `import { HuggingFaceTransformersEmbeddings } from '@langchain/community/embeddings/huggingface_transformers';
import { env } from '@huggingface/transformers';

${localModels}
const embeddings = new HuggingFaceTransformersEmbeddings({
  model: ${folder},
  pretrainedOptions: { dtype: 'fp32', model_file_name: 'model_pooled' },
});
const vector = await embeddings.embedQuery(${query});`,
    },
    {
      program: 'LlamaIndex.TS',
      language: 'js',
      code: `import { HuggingFaceEmbedding } from '@llamaindex/huggingface';
import { env } from '@huggingface/transformers';

${localModels}
const embedding = new HuggingFaceEmbedding({
  modelType: ${folder},
  modelOptions: { dtype: 'fp32', model_file_name: 'model_pooled' },
});
const vector = await embedding.getTextEmbedding(${passage});`,
    },
    {
      program: 'fastembed-js',
      language: 'js',
      code: `import { EmbeddingModel, FlagEmbedding } from 'fastembed';
import { resolve } from 'node:path';

const model = await FlagEmbedding.init({
  model: EmbeddingModel.CUSTOM,
  modelAbsoluteDirPath: resolve(${folder}),
  modelName: 'onnx/model_pooled.onnx',
  maxLength: ${maxLength},
});
// embed() takes texts as they are; queryEmbed() and passageEmbed() would put prompts of their own before them.
for await (const vectors of model.embed([${query}, ${passage}])) console.log(vectors);`,
    },
    {
      program: 'any ONNX runtime',
      language: 'js',
      code: `// onnx/model.onnx: inputs input_ids, attention_mask, token_type_ids, int64 [batch, sequence], padded on the right;
// the output sentence_embedding [batch, dimension] is ${normalize ? 'pooled and normalised.' : 'pooled, not normalised: compare by cosine.'}
import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { Tokenizer } from '@huggingface/tokenizers';

const read = (file) => JSON.parse(readFileSync(${folder} + '/' + file, 'utf8'));
const tokenizer = new Tokenizer(read('tokenizer.json'), read('tokenizer_config.json'));
const session = await InferenceSession.create(${folder} + '/onnx/model.onnx');
const ids = BigInt64Array.from(tokenizer.encode(${query}).ids.slice(0, ${maxLength}), BigInt);
const row = (data) => new Tensor('int64', data, [1, ids.length]);
const { sentence_embedding } = await session.run({
  input_ids: row(ids),
  attention_mask: row(ids.map(() => 1n)),
  token_type_ids: row(ids.map(() => 0n)),
});`,
    },
  ];
}
