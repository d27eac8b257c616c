// JSON Schema of the spec, for editors and for other programs; published as schema/fine-tune.schema.json.
import { z } from 'zod';
import { fineTuneSpecSchema } from './spec.js';

/** JSON Schema (draft 2020-12) of what a user may write, defaults included. */
export function specJsonSchema(): Record<string, unknown> {
  return {
    title: 'Fine-tuning spec of temporal-finetune',
    ...z.toJSONSchema(fineTuneSpecSchema, { io: 'input', target: 'draft-2020-12' }),
  };
}
