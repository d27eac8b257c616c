// Which Temporal server a command talks to: the address given by flag, else what the user named in the environment
// (TEMPORAL_ADDRESS, a profile of @temporalio/envconfig), else the development server that this folder started. TLS and API key come from the
// same place, with flags over it (credentials.ts).
// A profile counts only when it is named: an unnamed default profile may point at somebody's production.
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { TLSConfig } from '@temporalio/client';
import { hasCredentialFlags, withCredentialFlags, type CredentialFlags } from './credentials.js';
import { defaultDbPath, findRunningServer } from './server-state.js';

/** What the flags say. */
export interface ConnectionFlags extends CredentialFlags {
  address?: string | undefined;
  namespace?: string | undefined;
  /** Profile of the configuration file; default: TEMPORAL_PROFILE. */
  profile?: string | undefined;
  /** Module that exports a data converter (data-converter.ts). */
  dataConverter?: string | undefined;
}

/** Where to connect, and who said so. */
export interface ConnectionTarget {
  address: string;
  namespace: string;
  from: 'flag' | 'environment' | 'profile' | 'local server' | 'default';
  /** Options for `Connection.connect` and `NativeConnection.connect`, TLS and API key among them. */
  options: { address: string; tls?: TLSConfig | boolean | null; apiKey?: string; metadata?: Record<string, string> };
  /** UI of the development server. */
  uiUrl?: string;
  /** Module of the data converter. */
  dataConverter?: string;
}

/**
 * The target that flags or environment name, or undefined when neither names one.
 *
 * @throws Error for credentials that cannot be read, or that no named server would get.
 */
export function namedTarget(
  flags: ConnectionFlags,
  env: NodeJS.ProcessEnv = process.env,
): ConnectionTarget | undefined {
  const profile = flags.profile ?? named(env.TEMPORAL_PROFILE);
  const fromEnvironment = named(env.TEMPORAL_ADDRESS);
  if (flags.address === undefined && fromEnvironment === undefined && profile === undefined) {
    if (!hasCredentialFlags(flags)) return undefined;
    throw new Error('connection: TLS and API key are for a server that is named; add --address, or TEMPORAL_ADDRESS');
  }
  const { dataConverter } = flags;
  const common = dataConverter === undefined ? {} : { dataConverter };
  // Credentials of the environment are not sent to a server on this machine.
  if (flags.address !== undefined && isLoopback(flags.address) && flags.profile === undefined) {
    const namespace = namespaceOf(flags, env);
    const { address } = flags;
    return {
      address,
      namespace,
      from: 'flag',
      options: { address, ...withCredentialFlags({}, flags, env) },
      ...common,
    };
  }
  const config = loadClientConnectConfig({
    ...(profile === undefined ? { disableFile: true } : { profile }),
    overrideEnvVars: definedOnly(env),
  });
  const { address: configured, apiKey, tls, metadata } = config.connectionOptions;
  const address = flags.address ?? configured;
  if (address === undefined) {
    throw new Error(`connection: profile "${profile}" names no address; add one, or pass --address`);
  }
  return {
    address,
    namespace: flags.namespace ?? config.namespace ?? 'default',
    from: flags.address !== undefined ? 'flag' : fromEnvironment !== undefined ? 'environment' : 'profile',
    options: {
      address,
      ...withCredentialFlags(
        { ...(tls !== undefined && { tls }), ...(typeof apiKey === 'string' && { apiKey }) },
        flags,
        env,
      ),
      ...(metadata !== undefined && { metadata: metadata as Record<string, string> }),
    },
    ...common,
  };
}

/** The target of a command that starts no server: a named one, else the folder's own server, else 127.0.0.1:7233. */
export async function findTarget(
  flags: ConnectionFlags,
  { env = process.env, dbPath = defaultDbPath() }: { env?: NodeJS.ProcessEnv; dbPath?: string } = {},
): Promise<ConnectionTarget> {
  const target = namedTarget(flags, env);
  if (target) return target;
  const running = await findRunningServer(dbPath);
  const address = running?.address ?? '127.0.0.1:7233';
  return {
    address,
    namespace: namespaceOf(flags, env),
    from: running ? 'local server' : 'default',
    options: { address },
    ...(running && { uiUrl: running.uiUrl }),
    ...(flags.dataConverter !== undefined && { dataConverter: flags.dataConverter }),
  };
}

/** The namespace on a server that no profile names. */
export function namespaceOf(
  { namespace }: Pick<ConnectionFlags, 'namespace'>,
  env: NodeJS.ProcessEnv = process.env,
): string {
  return namespace ?? named(env.TEMPORAL_NAMESPACE) ?? 'default';
}

/** How a target is told to the user. */
export function describeTarget({ address, namespace, from, options: { tls, apiKey } }: ConnectionTarget): string {
  const reasons = {
    flag: 'from --address',
    environment: 'from TEMPORAL_ADDRESS in the environment',
    profile: 'from a profile of the Temporal configuration',
    'local server': 'the server of this folder',
    default: 'the default address',
  };
  const secured = tls || (apiKey !== undefined && tls === undefined) ? ', TLS' : '';
  return `${address}, namespace ${namespace}${secured} (${reasons[from]})`;
}

function isLoopback(address: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(address);
}

function named(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
