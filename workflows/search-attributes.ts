// Sets the run's search attributes, where the Worker's owner asked for them and the server knows them (the first activity's result says so).
import { upsertSearchAttributes } from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import { RUN_ATTRIBUTES, type RunAttribute } from '../src/spec/search-attributes.js';
import type { PinResult } from '../src/spec/preparation-stages.js';

/** A keyword may have 255 characters. */
const LONGEST = 255;

/** Sets those that are given; nothing without `pins.searchAttributes`. */
export function tagRun(pins: PinResult, values: Partial<Record<RunAttribute, string | number>>): void {
  if (!pins.searchAttributes) return;
  upsertSearchAttributes(
    Object.entries(values).map(([name, value]) => ({
      key: defineSearchAttributeKey(name, RUN_ATTRIBUTES[name as RunAttribute]),
      value: typeof value === 'string' ? value.slice(0, LONGEST) : value,
    })) as Parameters<typeof upsertSearchAttributes>[0],
  );
}
