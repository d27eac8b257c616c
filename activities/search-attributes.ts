// Which search attributes the server does not know yet. A workflow that sets an unknown one is tried again for ever, so it is asked first.
import type { Context } from '@temporalio/activity';
import { RUN_ATTRIBUTES } from '../src/spec/search-attributes.js';

/** So many names fit into one warning of a run, which is cut at 300 characters, with the command that adds them. */
const NAMES_A_COMMAND = 3;

/** What to tell when a run's search attributes cannot be set; nothing when they can. */
export async function missingSearchAttributes({ info, client }: Pick<Context, 'info' | 'client'>): Promise<string[]> {
  const { namespace } = info;
  const known = await client.connection.operatorService
    .listSearchAttributes({ namespace })
    .then(({ customAttributes }) => customAttributes ?? {})
    .catch(() => undefined);
  if (!known) return ['Search attributes: the server does not say which ones it knows, so none is set'];
  const missing = Object.entries(RUN_ATTRIBUTES).filter(([name]) => !(name in known));
  const flags = missing.map(([name, type]) => `--name ${name} --type ${type[0]}${type.slice(1).toLowerCase()}`);
  const create = `temporal operator search-attribute create --namespace ${namespace}`;
  const warnings: string[] = [];
  for (let from = 0; from < flags.length; from += NAMES_A_COMMAND) {
    const named = flags.slice(from, from + NAMES_A_COMMAND).join(' ');
    warnings.push(`Search attributes: the server does not know some, so none is set. Add them: ${create} ${named}`);
  }
  return warnings;
}
