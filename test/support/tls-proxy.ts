// TLS in front of a server that speaks none: takes gRPC (HTTP/2) from clients whose certificate the authority has signed, hands each call on
// in the clear on the loopback address, and notes what the calls carried.
import { readFile } from 'node:fs/promises';
import { connect, createSecureServer, type IncomingHttpHeaders, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Certificates } from './certificates.js';

/** A running proxy. */
export interface TlsProxy {
  port: number;
  /** Path and headers of every call, in order. */
  calls: { path: string; authorization: string | undefined; namespace: string | undefined }[];
  close(): Promise<void>;
}

/** Starts a proxy for `target` (`host:port`). `clientCertificate`: only for clients that have one; default true. */
export async function startTlsProxy(
  target: string,
  { ca, server }: Certificates,
  { clientCertificate = true } = {},
): Promise<TlsProxy> {
  const calls: TlsProxy['calls'] = [];
  const sessions = new Set<ServerHttp2Session>();
  const upstream = connect(`http://${target}`);
  upstream.on('error', () => undefined);
  const proxy = createSecureServer({
    cert: await readFile(server.cert),
    key: await readFile(server.key),
    ca: await readFile(ca),
    requestCert: clientCertificate,
    rejectUnauthorized: clientCertificate,
  });
  proxy.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => undefined);
  });
  proxy.on('stream', (stream, headers) => {
    const { authorization, 'temporal-namespace': namespace } = headers;
    calls.push({ path: String(headers[':path']), authorization, namespace: namespace as string | undefined });
    const call = upstream.request({ ...headers, ':scheme': 'http', ':authority': target });
    let trailers: IncomingHttpHeaders = {};
    call.on('response', (answer, flags) => {
      if (stream.destroyed) return;
      // A failed call is often answered by headers alone.
      const isAll = (flags & 1) !== 0;
      stream.respond(answer, isAll ? { endStream: true } : { waitForTrailers: true });
      if (!isAll) call.pipe(stream);
    });
    call.on('trailers', (last) => {
      trailers = last;
    });
    stream.on('wantTrailers', () => stream.sendTrailers(withoutPseudo(trailers)));
    stream.on('error', () => call.close());
    stream.on('close', () => call.close());
    call.on('error', () => stream.close());
    stream.pipe(call);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    port: (proxy.address() as AddressInfo).port,
    calls,
    close: async () => {
      upstream.destroy();
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}

function withoutPseudo(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(':')));
}
