// sentence-transformers lower-cases texts itself where a folder says so (`do_lower_case`), whatever the tokenizer does; other programs know
// nothing of that. So the published tokenizer of such a model does it.
import type { JsonObject } from '../models/folder-json.js';

/** The tokenizer's files with lower-casing before all else; one that lower-cases already keeps its files as they are. */
export function withLowerCasing(files: ReadonlyMap<string, string>): Map<string, string> {
  const tokenizer = JSON.parse(files.get('tokenizer.json')!) as JsonObject;
  const config = JSON.parse(files.get('tokenizer_config.json')!) as JsonObject;
  const normalizer = tokenizer.normalizer as JsonObject | null | undefined;
  if (normalizer?.lowercase === true) return new Map(files);
  // BERT's normalizer that lower-cases takes the accents away too, unless it is told not to.
  const { strip_accents } = config;
  const keepsAccents = { strip_accents: typeof strip_accents === 'boolean' ? strip_accents : false };
  // Where transformers makes the normalizer from the configuration, that must say the same.
  const told = 'do_lower_case' in config ? { do_lower_case: true, ...keepsAccents } : {};
  return new Map([
    ...files,
    ['tokenizer.json', JSON.stringify({ ...tokenizer, normalizer: lowerCasing(normalizer) })],
    ['tokenizer_config.json', `${JSON.stringify({ ...config, ...told }, null, 2)}\n`],
  ]);
}

function lowerCasing(normalizer: JsonObject | null | undefined): JsonObject {
  const lowerCase = { type: 'Lowercase' };
  if (!normalizer) return lowerCase;
  if (normalizer.type === 'BertNormalizer')
    return { ...normalizer, lowercase: true, strip_accents: normalizer.strip_accents ?? false };
  const all = normalizer.type === 'Sequence' ? (normalizer.normalizers as JsonObject[]) : [normalizer];
  return { type: 'Sequence', normalizers: [lowerCase, ...all] };
}
