// Which repositories of the Hub a run may read, as the Worker's owner says. Whoever may start a run may read what the Worker can read: so
// its token, which opens private and gated repositories, is sent for those alone that are named.
import { FinalError } from '../errors.js';
import type { HubRepo } from './hub-errors.js';

/** Any public repository, and none with the token. */
export const DEFAULT_ALLOWED_HUB: readonly string[] = ['*'];

const ENTRY = /^(\*|[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9_][\w.-]*)?)$/;

/**
 * How a repository may be read: `public` without the token, `named` with it.
 *
 * @param allowed Owners (`acme`), repositories (`acme/faq`), and `*` for any public one.
 * @throws FinalError `SourceNotAllowed` when it may not be read at all.
 */
export function hubAccess(repo: HubRepo, allowed: readonly string[] = DEFAULT_ALLOWED_HUB): 'public' | 'named' {
  const name = repo.name.toLowerCase();
  const owner = name.split('/')[0];
  if (allowed.some((entry) => [name, owner].includes(entry.toLowerCase()))) return 'named';
  if (allowed.includes('*')) return 'public';
  throw new FinalError(
    'SourceNotAllowed',
    `${repo.type}.source: this Worker reads only the repositories of the Hub that its owner allows (allowedSources.hub), got ${JSON.stringify(repo.name)}. ` +
      `Allowed: ${allowed.length === 0 ? '(none)' : allowed.join(', ')}. Take one of these or a folder, or have it allowed there (--allow-hub).`,
  );
}

/** Refuses a list with what is no owner, repository or `*`. */
export function demandHubList(allowed: readonly string[]): readonly string[] {
  const wrong = allowed.find((entry) => !ENTRY.test(entry));
  if (wrong === undefined) return allowed;
  throw new Error(
    `allowedSources.hub: an owner ("acme"), a repository ("acme/faq") or "*" (any public one) is needed, got ${JSON.stringify(wrong)}`,
  );
}
