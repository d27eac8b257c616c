// Certificates for one test, made by openssl: an authority, a server for the loopback addresses, a client, and a stranger whose authority is
// another one.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Paths of PEM files. */
export interface Certificates {
  ca: string;
  server: { cert: string; key: string };
  client: { cert: string; key: string };
  stranger: { ca: string; cert: string; key: string };
}

/** Makes them in a folder; they are good for a day. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const at = (name: string): string => join(folder, name);
  const newKey = (name: string) => [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    at(`${name}.key`),
  ];
  const authority = async (name: string): Promise<string> => {
    const args = ['req', '-x509', ...newKey(name), '-out', at(`${name}.pem`), '-days', '1', '-subj', `/CN=${name}`];
    await run('openssl', [...args, '-addext', 'basicConstraints=critical,CA:TRUE']);
    return at(`${name}.pem`);
  };
  const signed = async (name: string, ca: string, extensions: string): Promise<{ cert: string; key: string }> => {
    await run('openssl', ['req', ...newKey(name), '-out', at(`${name}.csr`), '-subj', `/CN=${name}`]);
    await writeFile(at(`${name}.ext`), extensions);
    const [cert, key] = [at(`${name}.pem`), at(`${name}.key`)];
    const by = ['-CA', ca, '-CAkey', ca.replace(/pem$/, 'key'), '-CAcreateserial', '-days', '1'];
    await run('openssl', [
      'x509',
      '-req',
      '-in',
      at(`${name}.csr`),
      ...by,
      '-extfile',
      at(`${name}.ext`),
      '-out',
      cert,
    ]);
    return { cert, key };
  };
  const [ca, other] = [await authority('authority'), await authority('other-authority')];
  return {
    ca,
    server: await signed('server', ca, 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth'),
    client: await signed('client', ca, 'extendedKeyUsage=clientAuth'),
    stranger: { ca: other, ...(await signed('stranger', other, 'extendedKeyUsage=clientAuth')) },
  };
}
