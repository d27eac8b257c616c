// The Hub's address, as the Worker's owner sets it (HF_ENDPOINT, hubUrl): checked when a Worker starts, because a request to a wrong one
// looks like a broken connection, which is tried again for ever.

/** Address of the Hub where none is set. */
export const DEFAULT_HUB_URL = 'https://huggingface.co';

/**
 * Refuses what is no `http:` or `https:` address, and one with a user, a password or a query, which are not repeated.
 *
 * @throws Error that names the rule.
 */
export function demandHubUrl(hubUrl: string): string {
  // As requests begin: a blank at the end is wrong only when something follows.
  const begun = `${hubUrl}/`;
  const url = URL.canParse(begun) ? new URL(begun) : undefined;
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (isWeb && url.username + url.password + url.search + url.hash === '') return hubUrl;
  const secret = hubUrl.includes('@') ? 'a user or password' : hubUrl.includes('?') ? 'a query' : undefined;
  const got = secret ? `one with ${secret}` : JSON.stringify(hubUrl);
  throw new Error(
    `HF_ENDPOINT (hubUrl): the Hub's address with http:// or https:// and without user, password and query is needed, such as ${DEFAULT_HUB_URL}, got ${got}`,
  );
}
