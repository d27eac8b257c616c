// Settings of `training` without their defaults, for specs that say what differs from a base: what is left out stays as the base has it.
import { z } from 'zod';
import { fineTuneSpecSchema, freezeSettingSchema, type FreezeSpec, type TrainingSpec } from './spec.js';

/** What a set of settings may say; `freeze` null: nothing is frozen, whatever the base says. */
export type Settings = Partial<Omit<TrainingSpec, 'freeze'>> & { freeze?: FreezeSpec | null | undefined };

/** Two schemas: of a set of settings, and of lists of values by key. */
export interface SettingsSchema {
  one: z.ZodType<Settings>;
  lists: z.ZodType<{ [K in keyof Settings]?: Settings[K][] }>;
}

/** Schemas of the settings but for those named. */
export function settingsSchema(without: readonly (keyof TrainingSpec)[] = []): SettingsSchema {
  const shape = Object.entries<z.ZodType>(fineTuneSpecSchema.shape.training.unwrap().shape)
    .filter(([key]) => !(without as readonly string[]).includes(key))
    .map(([key, schema]) => [key, key === 'freeze' ? freezeSettingSchema : withoutDefault(schema)] as const);
  return {
    one: z.strictObject(Object.fromEntries(shape.map(([key, schema]) => [key, schema.optional()]))),
    lists: z.strictObject(Object.fromEntries(shape.map(([key, schema]) => [key, z.array(schema).min(1).optional()]))),
  };
}

/** The base's training with what a set says otherwise. */
export function withSettings(base: TrainingSpec, settings: Settings = {}): TrainingSpec {
  const training = { ...base, ...settings };
  return { ...training, freeze: training.freeze ?? undefined };
}

function withoutDefault(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional)
    return withoutDefault(schema.unwrap() as z.ZodType);
  return schema;
}
