// Made-up secrets in the forms of real ones: what it is, a text that holds it, and the part that nobody may read.

/** `[what it is, a text, the secret part]`; put together here, so that no scanner of sources takes them for real ones. */
export const SECRETS: [string, string, string][] = [
  ['a Hub token', `hf${'_'}AbCdEfGhIjKlMnOpQrStUvWxYz01234567`, 'AbCdEfGhIj'],
  ['an API key', `sk${'-'}proj-AbCdEfGhIjKlMnOpQrStUvWxYz0123`, 'AbCdEfGhIj'],
  ['an API key of parts', `sk${'-'}ant-api03-Ab_dEfGh-AbCdEfGhIjKlMnOpQrStUv0_-AA`, 'AbCdEfGhIj'],
  ['an API key in hexadecimal', `sk${'-'}or-v1-${'0123456789abcdef'.repeat(4)}`, '0123456789abcdef'],
  ['a GitHub token', `ghp${'_'}AbCdEfGhIjKlMnOpQrStUvWxYz0123456789`, 'AbCdEfGhIj'],
  ['an AWS key', `AKIA${'ABCDEFGHIJKLMNOP'}`, 'ABCDEFGH'],
  ['a Google key', `AIza${'SyA1234567890abcdefghijklmnopqrstuv'}`, '1234567890'],
  ['a signed token', `eyJ${'hbGciOiJIUzI1NiJ9.eyJzdWIiOiJzb21lb25lIn0.c2lnbmF0dXJl'}`, 'c2lnbmF0dXJl'],
  ['a private key', '-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----', 'MIIEvQ'],
  ['a password in a URL', 'https://me:opensesame@data.example/pairs.jsonl', 'opensesame'],
  ['a token as the user of a URL', 'https://opensesame@data.example/pairs.jsonl', 'opensesame'],
  ['a password of another scheme', 's3+https://me:opensesame@bucket/pairs.jsonl', 'opensesame'],
  ['a signed URL', 'https://bucket.example/pairs.jsonl?X-Amz-Signature=0badf00d&x=1', '0badf00d'],
  ['a URL with a key', 'https://api.example/v1?api_key=opensesame', 'opensesame'],
  ['credentials of a user', 'Authorization: Basic b3BlbnNlc2FtZTpvcGVu', 'b3BlbnNlc2Ft'],
  ['credentials of a request', 'Authorization: Bearer opensesame.opensesame', 'opensesame'],
];
