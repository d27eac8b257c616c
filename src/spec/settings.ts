// Settings of `training` without their defaults, for specs that say what differs from a base: what is left out stays as the base has it.
import { z } from 'zod';
import { fineTuneSpecSchema, type TrainingSpec } from './spec.js';

/** Two schemas: of a set of settings, and of lists of values by key. */
export interface SettingsSchema {
  one: z.ZodType<Partial<TrainingSpec>>;
  lists: z.ZodType<{ [K in keyof TrainingSpec]?: TrainingSpec[K][] }>;
}

/** Schemas of the settings but for those named. */
export function settingsSchema(without: readonly (keyof TrainingSpec)[] = []): SettingsSchema {
  const shape = Object.entries<z.ZodType>(fineTuneSpecSchema.shape.training.unwrap().shape)
    .filter(([key]) => !(without as readonly string[]).includes(key))
    .map(([key, schema]) => [key, withoutDefault(schema)] as const);
  return {
    one: z.strictObject(Object.fromEntries(shape.map(([key, schema]) => [key, schema.optional()]))),
    lists: z.strictObject(Object.fromEntries(shape.map(([key, schema]) => [key, z.array(schema).min(1).optional()]))),
  };
}

function withoutDefault(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional)
    return withoutDefault(schema.unwrap() as z.ZodType);
  return schema;
}
