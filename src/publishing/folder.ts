// The published model folder but for what is written about it (README.md, report.html, eval/): the layout that opens as it is in
// sentence-transformers 2 to 6, transformers.js, LangChain.js, LlamaIndex.TS, fastembed-js and any ONNX runtime.
import { createHash } from 'node:crypto';
import { FinalError } from '../errors.js';
import { readFolderObject, type JsonObject } from '../models/folder-json.js';
import { readEncoderTensors, type EncoderModel } from '../models/model-folder.js';
import { encodeSafetensors, type Weights } from '../models/safetensors.js';
import { sentenceFolderFiles } from '../models/sentence-folder.js';
import { readTokenizerFiles } from '../models/tokenizer-files.js';
import { POOLED_ONNX, WEIGHTS_FILE } from '../spec/published-files.js';
import { withLowerCasing } from './lower-casing.js';
import { exportOnnx } from './onnx-export.js';
import { writeOut } from './write-files.js';

/** Options of {@link writeModelFolder}. */
export interface WriteModelFolderOptions {
  /** The base model, in its folder. */
  model: EncoderModel;
  /** Trained weights under PyTorch's names. */
  weights: Weights;
  /** Tokens a text that the model was trained with. */
  maxSequenceLength: number;
  prompts: EncoderModel['prompts'];
  /** Where to write. */
  folder: string;
  /** Called with a file's name before each large one, of which there are three as large as the weights. */
  onProgress?: (file: string) => void;
}

/** Writes config, weights, tokenizer, modules and ONNX files; returns the SHA-256 of model.safetensors. */
export async function writeModelFolder({
  model,
  weights,
  maxSequenceLength,
  prompts,
  folder,
  onProgress,
}: WriteModelFolderOptions): Promise<string> {
  if (maxSequenceLength > model.config.maxPositionEmbeddings)
    throw new FinalError(
      'InvalidSpec',
      `training.maxSequenceLength: at most the model's ${model.config.maxPositionEmbeddings} positions, got ${maxSequenceLength}`,
    );
  const tokenizer = await readTokenizerFiles(model.folder, maxSequenceLength);
  const described = { ...model, maxSequenceLength, prompts };
  const files = new Map([
    ['config.json', await configJson(model.folder)],
    ...(model.lowerCase ? withLowerCasing(tokenizer.files) : tokenizer.files),
    ...sentenceFolderFiles({ ...described, dimension: model.config.hiddenSize }),
  ]);
  for (const [name, content] of files) await writeOut(folder, name, content);
  const { model: onnx, pooled } = exportOnnx({ ...described, closingTokenId: tokenizer.closingTokenId }, weights);
  for (const [name, bytes] of [
    ['onnx/model.onnx', onnx],
    [POOLED_ONNX, pooled],
  ] as const) {
    onProgress?.(name);
    await writeOut(folder, name, bytes);
  }
  onProgress?.(WEIGHTS_FILE);
  return writeWeights(model.folder, weights, folder);
}

/** Writes the trained tensors, and those of the base that the encoder does not use (BERT's pooler), so that loading warns of nothing. */
async function writeWeights(baseFolder: string, weights: Weights, folder: string): Promise<string> {
  const unused = [...(await readEncoderTensors(baseFolder))].filter(
    ([name]) => name.startsWith('pooler.') && !weights.has(name),
  );
  const hash = createHash('sha256');
  const chunks = function* (): Iterable<Uint8Array> {
    for (const chunk of encodeSafetensors([...weights, ...unused], { format: 'pt' })) {
      hash.update(chunk);
      yield chunk;
    }
  };
  await writeOut(folder, WEIGHTS_FILE, chunks());
  return hash.digest('hex');
}

/** The base's config.json, saying that weights are float32 and that there is no head on the encoder. */
async function configJson(folder: string): Promise<string> {
  const { _name_or_path, dtype: _dtype, ...config } = await readFolderObject(folder, 'config.json');
  const { architectures } = config;
  const bare: JsonObject = Array.isArray(architectures)
    ? { architectures: architectures.map((name) => String(name).replace(/For[A-Z]\w*$/, 'Model')) }
    : {};
  return `${JSON.stringify({ ...config, ...bare, torch_dtype: 'float32' }, null, 2)}\n`;
}
