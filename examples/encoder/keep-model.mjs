// Copies the files that a base model needs from a published folder into examples/encoder/model and tells its size; the README
// there stays. Usage: node examples/encoder/keep-model.mjs PUBLISHED_FOLDER [FOLDER].
import { copyFile, mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [published, folder = fileURLToPath(new URL('model', import.meta.url))] = process.argv.slice(2);
if (!published) throw new Error('keep-model: the published folder is needed, got nothing');

const FILES = [
  'config.json',
  'model.safetensors',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'vocab.txt',
  'modules.json',
  'sentence_bert_config.json',
  'config_sentence_transformers.json',
  '1_Pooling/config.json',
  '2_Normalize/config.json',
];
const MAX_BYTES = 8_000_000;

let bytes = 0;
for (const name of FILES) {
  const target = join(folder, name);
  await mkdir(dirname(target), { recursive: true });
  await copyFile(join(published, name), target);
  bytes += (await stat(target)).size;
}
if (bytes > MAX_BYTES) throw new Error(`keep-model: at most ${MAX_BYTES} bytes are wanted, got ${bytes}`);
console.log(`${folder}: ${FILES.length} files, ${bytes} bytes`);
