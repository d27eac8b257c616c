// Names that become folders under the output folder. A spec's are checked when it is parsed; an activity may be called by itself, with an
// input that no workflow made, and checks them before anything is made on the disk.
import { FinalError } from '../src/errors.js';
import { fineTuneSpecSchema } from '../src/spec/spec.js';

const nameSchema = fineTuneSpecSchema.shape.output.unwrap().shape.name.unwrap();

/**
 * The name itself.
 *
 * @param field Where it stands, for the message.
 * @throws FinalError `InvalidSpec` when it could lead elsewhere or is no name.
 */
export function demandName(name: unknown, field: string): string {
  const parsed = nameSchema.safeParse(name);
  if (parsed.success) return parsed.data;
  const rule = 'use letters, digits, dot, dash and underscore, beginning with a letter or digit, at most 100';
  throw new FinalError('InvalidSpec', `${field}: ${rule}, got ${JSON.stringify(name) ?? 'nothing'}`);
}
