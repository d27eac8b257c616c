// What looks like a secret: forms of tokens and keys, passwords and signatures in URLs. A spec that holds one is refused, because it
// stands in the run's history for everybody to read; the same forms, in part looser, are taken out of texts on their way there
// (src/trainer/redact.ts).
// Only forms that no name, path or sentence has by chance: a password that looks like a word is not found. Runs are bounded, and texts of a
// spec as well: whoever may start a run must not keep a Worker busy with a text that almost matches at each of its places.
import { FinalError } from '../errors.js';

/** A form of secrets: what to call it, where it is known by, and what stays of it in a text. */
export interface SecretForm {
  name: string;
  pattern: RegExp;
  /** What a spec is refused for, where ordinary names have the form of `pattern` too. */
  strict?: RegExp;
  replacement: string;
}

/** Letters and digits without a break, mixed as no word is; long ones (hexadecimal) may be of small letters alone. */
const RANDOM_RUN =
  '(?:(?=[A-Za-z0-9]*[0-9])(?=[A-Za-z0-9]*[A-Z])(?=[A-Za-z0-9]*[a-z])[A-Za-z0-9]{20,}|(?=[a-z]*[0-9])(?=[0-9]*[a-z])[a-z0-9]{32,})';

/** The forms; all patterns are global. */
export const SECRET_FORMS: readonly SecretForm[] = [
  { name: 'a token of the Hugging Face Hub', pattern: /\bhf_[A-Za-z0-9]{16,}/g, replacement: 'hf_[redacted]' },
  {
    name: 'an API key',
    pattern: /\bsk-(?:[A-Za-z0-9]{1,64}-){0,8}[A-Za-z0-9_]{16,}[A-Za-z0-9_-]*/g,
    strict: new RegExp(`\\bsk-(?:[A-Za-z0-9]{0,64}[_-]){0,16}${RANDOM_RUN}`, 'g'),
    replacement: 'sk-[redacted]',
  },
  { name: 'a GitHub token', pattern: /\b(?:gh[oprsu]|github_pat)_[A-Za-z0-9_]{20,}/g, replacement: '[redacted]' },
  { name: 'an AWS key', pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, replacement: '[redacted]' },
  { name: 'a Google API key', pattern: /\bAIza[A-Za-z0-9_-]{35}/g, replacement: '[redacted]' },
  {
    name: 'a signed token',
    pattern: /\beyJ[A-Za-z0-9_-]{8,1024}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g,
    replacement: '[redacted]',
  },
  {
    name: 'a private key',
    pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----|[\s\S]*)/g,
    replacement: '[redacted]',
  },
  {
    name: 'credentials of a request',
    pattern: /\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{16,}/gi,
    // A word behind "basic" has no digit, no sign of equality and no dot inside.
    strict: /\b(Bearer|Basic)\s+(?=[A-Za-z0-9._~+/=-]*(?:[0-9=]|\.[A-Za-z]))[A-Za-z0-9._~+/=-]{16,}/gi,
    replacement: '$1 [redacted]',
  },
  {
    name: 'a URL with a user or password',
    pattern: /\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^/?#\s@"'<>]{1,1024}@/gi,
    replacement: '$1[redacted]@',
  },
  {
    // A signed URL is a secret as a whole: all of its query goes.
    name: 'a URL with a signature or key',
    pattern:
      /(\bhttps?:\/\/[^\s?"'<>]{1,1024})\?[^\s"'<>]{0,1024}\b(?:x-amz-[a-z-]+|x-goog-[a-z-]+|signature|sig|token|access_token|api_?key|key|key-pair-id|policy)=[^\s"'<>]*/gi,
    replacement: '$1?[redacted]',
  },
];

const MOST_DEPTH = 20;
/** Characters of a text in a spec; the longest that anybody needs is a template of some hundred. */
const MOST_CHARACTERS = 10_000;

/**
 * Refuses a value that holds what looks like a secret, in a text or in a key, or a text too long to be looked through; the message names the
 * field and never repeats it.
 *
 * @throws FinalError `InvalidSpec`.
 */
export function refuseSecrets(value: unknown): void {
  const found = find(value, [], 0);
  if (!found) return;
  throw new FinalError(
    'InvalidSpec',
    `${found.path.join('.') || 'spec'}: no secret may stand here, because the history of a run is kept and read by many; got what looks like ` +
      `${found.name}. Take it out, and if it was sent to a server revoke it. Secrets come from the Worker's environment alone, e.g. HF_TOKEN.`,
  );
}

interface Found {
  name: string;
  path: string[];
}

function find(value: unknown, path: string[], depth: number): Found | undefined {
  if (typeof value === 'string') {
    if (value.length > MOST_CHARACTERS) throw tooLong(path, value.length);
    const name = SECRET_FORMS.find(({ pattern, strict = pattern }) => value.search(strict) >= 0)?.name;
    return name === undefined ? undefined : { name, path };
  }
  if (typeof value !== 'object' || value === null || depth >= MOST_DEPTH) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    // A key that is one itself is not named.
    const found = find(key, path, depth + 1) ?? find(inner, [...path, key], depth + 1);
    if (found) return found;
  }
  return undefined;
}

function tooLong(path: readonly string[], length: number): FinalError {
  return new FinalError(
    'InvalidSpec',
    `${path.join('.') || 'spec'}: a text may have at most ${MOST_CHARACTERS} characters, got ${length}.`,
  );
}
