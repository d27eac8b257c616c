// How this command was called, so that a hint can be typed as it is shown: `npm start`, `npm run -s finetune -- …`, `npx finetune …`.

import { DEFAULT_TASK_QUEUE } from '../temporal/defaults.js';
import type { ConnectionOptionValues } from './options.js';

/** The words to type for a `finetune` command, e.g. `callAs('server stop')`. */
export function callAs(command: string, env: NodeJS.ProcessEnv = process.env): string {
  switch (env.npm_lifecycle_event) {
    case 'start': {
      // The script holds the command and its spec; flags come behind two dashes.
      const [, flags = ''] = /^run \S+ ?(.*)$/.exec(command) ?? [];
      if (command.startsWith('run ')) return flags === '' ? 'npm start' : `npm start -- ${flags}`;
      return `npm run -s finetune -- ${command}`;
    }
    case 'finetune':
      return `npm run -s finetune -- ${command}`;
    case 'npx':
      return `npx finetune ${command}`;
    default:
      return `finetune ${command}`;
  }
}

/** The words to type for this very command once more, with all its options. */
export function callAgain(argv: readonly string[] = process.argv.slice(2), env?: NodeJS.ProcessEnv): string {
  return callAs(argv.map(quoted).join(' '), env);
}

/** The words to type for another command on the same server: with the options that name it, and the queue. */
export function callOn(command: string, options: ConnectionOptionValues, env?: NodeJS.ProcessEnv): string {
  const { address, namespace, profile, tls, tlsCert, tlsKey, tlsCa, tlsServerName, apiKeyEnv, dataConverter } = options;
  const taskQueue = options.taskQueue === DEFAULT_TASK_QUEUE ? undefined : options.taskQueue;
  const flags = Object.entries({
    ...{ address, namespace, profile, tls, 'tls-cert': tlsCert, 'tls-key': tlsKey, 'tls-ca': tlsCa },
    ...{ 'tls-server-name': tlsServerName, 'api-key-env': apiKeyEnv, 'data-converter': dataConverter },
    'task-queue': taskQueue,
  }).flatMap(([flag, value]) =>
    value === undefined || value === false ? [] : [`--${flag}`, ...(value === true ? [] : [quoted(value)])],
  );
  return callAs([command, ...flags].join(' '), env);
}

/** A word as a shell takes it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
