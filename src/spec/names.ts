// Names that follow from the spec: the output's default name, the workflow id, the last part of a source.
import { isReadyDataset, type DatasetSpec, type FineTuneSpec, type ModelSpec } from './spec.js';

/**
 * The last part of a Hub id or path, without its ending, kept to letters, digits, dot, dash and underscore; of a name in another
 * script nothing would be left: it becomes `data-` and its hash.
 */
export function baseName(source: string): string {
  const last =
    source
      .replace(/[\\/]+$/, '')
      .split(/[\\/]/)
      .pop() ?? '';
  const stem = last.replace(/(\.[a-z]+)?(\.gz)?$/i, '');
  if (!/[A-Za-z]/.test(stem) && /\p{L}/u.test(stem)) return `data-${hash32(stem.normalize('NFC'))}`;
  const clean = last.replace(/\.(json|jsonl|csv|tsv|parquet|zip)$/i, '').replace(/[^A-Za-z0-9._-]+/g, '-');
  return clean.replace(/^[^A-Za-z0-9]+/, '').slice(0, 60) || 'unnamed';
}

/** FNV-1a over a text's UTF-16 code units, 8 hex digits; workflows have no SHA-256 at hand. */
function hash32(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** The model's short name, e.g. `bge-small-en-v1.5`. */
export function modelName(model: ModelSpec): string {
  return 'random' in model
    ? `random-${model.random.numHiddenLayers}x${model.random.hiddenSize}`
    : baseName(model.source);
}

/** The dataset's short name, e.g. `physics`; a file that is only called `train` goes by its folder's name. */
export function datasetName(dataset: DatasetSpec): string {
  const source = isReadyDataset(dataset) ? dataset.train : dataset.source;
  const name = baseName(source);
  const folder = source.replace(/[\\/]+[^\\/]*$/, '');
  return name === 'train' && folder !== source && /[\p{L}\p{N}]/u.test(folder) ? baseName(folder) : name;
}

/** The published folder's name: what the spec says, or dataset and model. */
export function outputName(spec: FineTuneSpec): string {
  return spec.output.name ?? `${datasetName(spec.dataset)}-${modelName(spec.model)}`.slice(0, 100);
}
