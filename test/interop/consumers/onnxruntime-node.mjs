// Any ONNX runtime: the tokenizer in plain JavaScript, one text at a time, output sentence_embedding.
import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { Tokenizer } from '@huggingface/tokenizers';
import { finish, job } from './job.mjs';

const read = (file) => JSON.parse(readFileSync(`${job.folder}/${file}`, 'utf8'));
const tokenizer = new Tokenizer(read('tokenizer.json'), read('tokenizer_config.json'));
const longest = read('sentence_bert_config.json').max_seq_length;
const session = await InferenceSession.create(`${job.folder}/onnx/${job.file}.onnx`);
const vectors = [];
for (const text of job.texts) {
  const ids = BigInt64Array.from(tokenizer.encode(text).ids.slice(0, longest), BigInt);
  const row = (data) => new Tensor('int64', data, [1, ids.length]);
  const output = await session.run({
    input_ids: row(ids),
    attention_mask: row(new BigInt64Array(ids.length).fill(1n)),
    token_type_ids: row(new BigInt64Array(ids.length)),
  });
  vectors.push(output.sentence_embedding.data);
}
finish(vectors);
