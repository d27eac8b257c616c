// Which search attributes the server does not know yet. A workflow that sets an unknown one is tried again for ever, so it is asked first.
import type { Context } from '@temporalio/activity';
import { RUN_ATTRIBUTES } from '../src/spec/search-attributes.js';

/** What to tell when a run's search attributes cannot be set; undefined when they can. */
export async function missingSearchAttributes({
  info,
  client,
}: Pick<Context, 'info' | 'client'>): Promise<string | undefined> {
  const { namespace } = info;
  const known = await client.connection.operatorService
    .listSearchAttributes({ namespace })
    .then(({ customAttributes }) => customAttributes ?? {})
    .catch(() => undefined);
  if (!known) return 'Search attributes: the server does not say which ones it knows, so none is set';
  const missing = Object.entries(RUN_ATTRIBUTES).filter(([name]) => !(name in known));
  if (missing.length === 0) return undefined;
  const flags = missing.map(([name, type]) => `--name ${name} --type ${type[0]}${type.slice(1).toLowerCase()}`);
  return (
    `Search attributes: the namespace ${namespace} does not know ${missing.map(([name]) => name).join(', ')}, so none is set. ` +
    `Add them: temporal operator search-attribute create --namespace ${namespace} ${flags.join(' ')}`
  );
}
