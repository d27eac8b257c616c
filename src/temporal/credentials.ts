// TLS and API key as flags give them. Keys are read from files and from the environment: a command line is read by everybody on the
// machine, and kept by shells.
import { readFileSync } from 'node:fs';
import type { TLSConfig } from '@temporalio/client';

/** Flags about TLS and the API key. */
export interface CredentialFlags {
  /** TLS without a certificate of its own; implied by all others. */
  tls?: boolean | undefined;
  /** PEM files: the client's certificate, its key, and the authority that signed the server's certificate. */
  tlsCert?: string | undefined;
  tlsKey?: string | undefined;
  tlsCa?: string | undefined;
  /** Name that the server's certificate must carry; default: the address's host. */
  tlsServerName?: string | undefined;
  /** Variable of the environment that holds the API key. */
  apiKeyEnv?: string | undefined;
}

/** What a connection takes. */
export interface Credentials {
  tls?: TLSConfig | boolean | null;
  apiKey?: string;
}

/**
 * What the environment or a profile gives, with what flags say put over it.
 *
 * @throws Error for a file that cannot be read, a certificate without its key, a variable that is not set.
 */
export function withCredentialFlags(
  base: Credentials,
  { tls, tlsCert, tlsKey, tlsCa, tlsServerName, apiKeyEnv }: CredentialFlags,
  env: NodeJS.ProcessEnv,
): Credentials {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new Error('connection: --tls-cert and --tls-key belong together, got one of them. Give both PEM files.');
  }
  const own: TLSConfig = {
    ...(tlsCert !== undefined &&
      tlsKey !== undefined && {
        clientCertPair: { crt: readPem(tlsCert, '--tls-cert'), key: readPem(tlsKey, '--tls-key') },
      }),
    ...(tlsCa !== undefined && { serverRootCACertificate: readPem(tlsCa, '--tls-ca') }),
    ...(tlsServerName !== undefined && { serverNameOverride: tlsServerName }),
  };
  const isAsked = tls === true || Object.keys(own).length > 0;
  const given = typeof base.tls === 'object' && base.tls !== null ? base.tls : {};
  return {
    ...base,
    ...(isAsked && { tls: { ...given, ...own } }),
    ...(apiKeyEnv !== undefined && { apiKey: readKey(apiKeyEnv, env) }),
  };
}

/** True when a flag gives credentials. */
export function hasCredentialFlags({
  tls,
  tlsCert,
  tlsKey,
  tlsCa,
  tlsServerName,
  apiKeyEnv,
}: CredentialFlags): boolean {
  return [tls, tlsCert, tlsKey, tlsCa, tlsServerName, apiKeyEnv].some((flag) => flag !== undefined);
}

function readPem(path: string, flag: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new Error(`connection: ${flag} names a PEM file that can be read, got ${path} (${code})`, { cause: error });
  }
}

function readKey(name: string, env: NodeJS.ProcessEnv): string {
  const value = env[name];
  if (value !== undefined && value !== '') return value;
  // Whoever gave the key itself must not find it in a log.
  const shown = /^[A-Z][A-Z0-9_]{0,60}$/.test(name) ? name : 'something that is no name of a variable';
  throw new Error(
    `connection: --api-key-env names the variable that holds the API key, got ${shown}, which is not set`,
  );
}
