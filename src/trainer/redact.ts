// Takes secrets out of texts that may reach a history, a page or a log: tokens, passwords in URLs, signatures of signed URLs.

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/\bhf_[A-Za-z0-9]{8,}/g, 'hf_[redacted]'],
  [/\bsk-[A-Za-z0-9_-]{8,}/g, 'sk-[redacted]'],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}/gi, '$1 [redacted]'],
  [/(\bhttps?:\/\/)[^/\s:@]*:[^/\s@]+@/gi, '$1[redacted]@'],
  // A signed URL is a secret as a whole: all of its query goes.
  [
    /(\bhttps?:\/\/[^\s?"'<>]+)\?[^\s"'<>]*\b(?:signature|x-amz-[a-z-]+|sig|token|access_token|key-pair-id|policy)=[^\s"'<>]*/gi,
    '$1?[redacted]',
  ],
  [/\b((?:api[_-]?key|token|password|secret)\s*[=:]\s*)[^\s"',;]{6,}/gi, '$1[redacted]'],
];

/** The text with secrets replaced by `[redacted]`; `known` are secrets to take out literally, e.g. the Hub token in use. */
export function redact(text: string, known: readonly (string | undefined)[] = []): string {
  let clean = text;
  for (const secret of known) if (secret !== undefined && secret !== '') clean = clean.replaceAll(secret, '[redacted]');
  for (const [pattern, replacement] of PATTERNS) clean = clean.replace(pattern, replacement);
  return clean;
}
