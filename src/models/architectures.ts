// The list of architectures. A new one is one file and one line here.
import { z } from 'zod';
import { FinalError } from '../errors.js';
import type { Architecture } from './architecture.js';
import { bert } from './bert.js';

const architectures: readonly Architecture[] = [bert];

/** Values of `model_type` that can be trained. */
export const supportedModelTypes: readonly string[] = architectures.flatMap(({ modelTypes }) => modelTypes);

const modelTypeSchema = z.object({ model_type: z.string() });

/** The architecture of a `config.json`; an unknown one is a FinalError UnsupportedModel that lists the supported types. */
export function findArchitecture(configJson: unknown): Architecture {
  const parsed = modelTypeSchema.safeParse(configJson);
  const known = `supported: ${supportedModelTypes.join(', ')}`;
  if (!parsed.success) {
    throw new FinalError('UnsupportedModel', `config.json: model_type must be a text; ${known}`, {
      cause: parsed.error,
    });
  }
  const { model_type: modelType } = parsed.data;
  const found = architectures.find(({ modelTypes }) => modelTypes.includes(modelType));
  if (found === undefined) {
    throw new FinalError(
      'UnsupportedModel',
      `config.json: model_type must be one of those supported, got ${JSON.stringify(modelType)}; ${known}`,
    );
  }
  return found;
}
