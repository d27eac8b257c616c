// Why a TLS connection to a server does not come about: gRPC itself only says that a deadline has passed. One handshake of its own, read
// until the server has answered.
import { isIP } from 'node:net';
import { connect, type ConnectionOptions } from 'node:tls';
import type { TLSConfig } from '@temporalio/client';

const WAIT_MS = 3_000;
/** With TLS 1.3 a server refuses the client's certificate after the handshake, by an alert or by hanging up. */
const REFUSAL_MS = 500;
const CLOSED = 'closed';

/** What stands against a TLS connection, with the remedy; undefined when nothing does. */
export async function tlsTrouble(address: string, tls: TLSConfig | true): Promise<string | undefined> {
  const { serverNameOverride, serverRootCACertificate, clientCertPair } = tls === true ? ({} as TLSConfig) : tls;
  const { hostname, port } = new URL(`tcp://${address}`);
  const host = hostname.replace(/^\[|\]$/g, '');
  const reason = await handshake({
    host,
    port: Number(port || 7233),
    ALPNProtocols: ['h2'],
    ...((serverNameOverride ?? (isIP(host) ? undefined : host)) && { servername: serverNameOverride ?? host }),
    ...(serverRootCACertificate && { ca: Buffer.from(serverRootCACertificate) }),
    ...(clientCertPair && { cert: Buffer.from(clientCertPair.crt), key: Buffer.from(clientCertPair.key) }),
  });
  if (reason === undefined) return undefined;
  const { code = '', message } = reason;
  if (/^(ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ETIMEDOUT)$/.test(code)) return undefined;
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/.test(code)) {
    return `the server speaks no TLS (${code}); leave out the flags for it`;
  }
  if (/ALERT|SSLV3|TLSV1/.test(code) || code === CLOSED || code === 'ECONNRESET') {
    const own = clientCertPair
      ? 'the client certificate of --tls-cert'
      : 'a connection without a client certificate (--tls-cert, --tls-key)';
    return `the server refuses ${own} (${code})`;
  }
  if (/CERT|ISSUER|SIGNATURE|ALTNAME/.test(code)) {
    return `the server's certificate is not trusted (${code}); name its authority with --tls-ca, and its name with --tls-server-name if it has another`;
  }
  return `TLS fails: ${message}`;
}

function handshake(options: ConnectionOptions): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    let socket: ReturnType<typeof connect>;
    const end = (reason?: NodeJS.ErrnoException): void => {
      clearTimeout(timer);
      socket?.destroy();
      resolve(reason);
    };
    let timer = setTimeout(end, WAIT_MS);
    try {
      socket = connect(options);
    } catch (error) {
      return end(error as NodeJS.ErrnoException);
    }
    socket.on('error', end);
    socket.on('secureConnect', () => {
      clearTimeout(timer);
      timer = setTimeout(end, REFUSAL_MS);
      // The server's first frame: it has taken the connection. Its answer to the preface would do as well.
      socket.once('data', () => end());
      socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0');
    });
    socket.on('close', () => end(Object.assign(new Error('the server hung up'), { code: CLOSED })));
  });
}
