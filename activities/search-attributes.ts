// Which search attributes the server does not know yet, or knows by another type. A workflow that sets such a one is tried again for ever,
// so it is asked first.
import type { Context } from '@temporalio/activity';
import { RUN_ATTRIBUTES, type RunAttributeType } from '../src/spec/search-attributes.js';

/** So many names fit into one warning of a run, which is cut at 300 characters, with the command that adds them. */
const NAMES_A_COMMAND = 3;

/** Temporal's numbers of the types (`temporal.api.enums.v1.IndexedValueType`). */
const TYPE_NUMBERS: Record<RunAttributeType, number> = { KEYWORD: 2, DOUBLE: 4 };
const TYPE_NAMES = ['Unspecified', 'Text', 'Keyword', 'Int', 'Double', 'Bool', 'Datetime', 'KeywordList'];

/** What to tell when a run's search attributes cannot be set; nothing when they can. */
export async function missingSearchAttributes({ info, client }: Pick<Context, 'info' | 'client'>): Promise<string[]> {
  const { namespace } = info;
  const known = await client.connection.operatorService
    .listSearchAttributes({ namespace })
    .then(({ customAttributes }) => customAttributes ?? {})
    .catch(() => undefined);
  if (!known) return ['Search attributes: the server does not say which ones it knows, so none is set'];
  const missing = Object.entries(RUN_ATTRIBUTES).filter(([name]) => !(name in known));
  const flags = missing.map(([name, type]) => `--name ${name} --type ${typeName(TYPE_NUMBERS[type])}`);
  const create = `temporal operator search-attribute create --namespace ${namespace}`;
  const warnings = Object.entries(RUN_ATTRIBUTES).flatMap(([name, type]) => {
    const got = Number(known[name] ?? TYPE_NUMBERS[type]);
    if (got === TYPE_NUMBERS[type]) return [];
    return [
      `Search attributes: ${name} must be of type ${typeName(TYPE_NUMBERS[type])}, got ${typeName(got)}, so none is set. Remove it from the namespace ${namespace} and add it again, or turn search attributes off`,
    ];
  });
  for (let from = 0; from < flags.length; from += NAMES_A_COMMAND) {
    const named = flags.slice(from, from + NAMES_A_COMMAND).join(' ');
    warnings.push(`Search attributes: the server does not know some, so none is set. Add them: ${create} ${named}`);
  }
  return warnings;
}

function typeName(number: number): string {
  return TYPE_NAMES[number] ?? String(number);
}
