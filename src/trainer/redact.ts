// Takes secrets out of texts that may reach a history, a page or a log: the forms that a spec must not hold (src/spec/secrets.ts), looser
// ones (here a word too many does no harm), and whatever the process's own environment holds under the name of a secret.
import { SECRET_FORMS } from '../spec/secrets.js';

const LOOSE: readonly (readonly [RegExp, string])[] = [
  [/\bhf_[A-Za-z0-9]{8,}/g, 'hf_[redacted]'],
  [/\bsk-[A-Za-z0-9_-]{8,}/g, 'sk-[redacted]'],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}/gi, '$1 [redacted]'],
  [/\b((?:api[_-]?key|token|password|passwd|secret)["']?\s*[=:]\s*["']?)[^\s"',;]{6,}/gi, '$1[redacted]'],
];
const PATTERNS = [...SECRET_FORMS.map(({ pattern, replacement }) => [pattern, replacement] as const), ...LOOSE];

/** Names of variables whose values are secrets, and how long one is at least: a short one may be any word. */
const SECRET_VARIABLE = /(TOKEN|KEY|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$/i;
const SHORTEST_SECRET = 8;

/** The text with secrets replaced by `[redacted]`; `known` are secrets to take out literally, e.g. the Hub token in use. */
export function redact(text: string, known: readonly (string | undefined)[] = []): string {
  let clean = text;
  for (const secret of [...known, ...secretsOf(process.env)]) {
    if (secret === undefined || secret === '') continue;
    for (const form of new Set([secret, encodeURIComponent(secret)])) clean = clean.replaceAll(form, '[redacted]');
  }
  for (const [pattern, replacement] of PATTERNS) clean = clean.replace(pattern, replacement);
  return clean;
}

function secretsOf(env: NodeJS.ProcessEnv): (string | undefined)[] {
  return Object.entries(env)
    .filter(([name, value = '']) => SECRET_VARIABLE.test(name) && value.length >= SHORTEST_SECRET)
    .map(([, value]) => value);
}
