// JSON Schemas of the specs, for editors and for other programs; published as schema/<name>.schema.json.
import { z } from 'zod';
import { chainSpecSchema } from './chain.js';
import { retrainSpecSchema } from './retrain.js';
import { fineTuneSpecSchema } from './spec.js';
import { sweepSpecSchema } from './sweep.js';

const SCHEMAS = {
  'fine-tune': { title: 'Fine-tuning spec of temporal-finetune', schema: fineTuneSpecSchema },
  retrain: { title: 'Recurring retrain of temporal-finetune', schema: retrainSpecSchema },
  sweep: { title: 'Sweep of temporal-finetune', schema: sweepSpecSchema },
  chain: { title: 'Chain of temporal-finetune', schema: chainSpecSchema },
} as const;

/** JSON Schemas (draft 2020-12) of what a user may write, by name, defaults included. */
export function specJsonSchemas(): Record<keyof typeof SCHEMAS, Record<string, unknown>> {
  const made = Object.entries(SCHEMAS).map(([name, { title, schema }]) => [
    name,
    { title, ...z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' }) },
  ]);
  return Object.fromEntries(made) as ReturnType<typeof specJsonSchemas>;
}
