// What the Hub's refusals mean, in the project's own words. No message or cause carries an address: redirects lead to signed ones.
import { HubApiError, InvalidApiResponseFormatError } from '@huggingface/hub';
import { FinalError, RetryableError } from '../errors.js';

/** A repository of the Hub. */
export interface HubRepo {
  type: 'model' | 'dataset';
  name: string;
}

/** A refusal as the Hub's headers tell it. */
export interface Refusal {
  status: number;
  /** `X-Error-Code`, e.g. `GatedRepo`. */
  code?: string;
  retryAfterMs?: number;
}

/** Thrown when a transfer ends early or a server ignores the range asked for. */
export class CutTransfer extends Error {}

/** True when trying again may help: a busy or failing server, a broken connection. */
export function isTransient(error: unknown): boolean {
  if (error instanceof HubApiError)
    return error.statusCode === 408 || error.statusCode === 429 || error.statusCode >= 500;
  if (error instanceof FinalError || error instanceof RetryableError) return false;
  if (error instanceof InvalidApiResponseFormatError || error instanceof CutTransfer) return true;
  // fetch throws TypeError for the network; the library's streams fail with a bare message.
  return error instanceof TypeError || typeof error === 'string' || error instanceof SyntaxError;
}

/** What went wrong, without any address. */
export function reasonOf(error: unknown): string {
  if (error instanceof HubApiError) return `HTTP ${error.statusCode}`;
  if (error instanceof CutTransfer) return error.message;
  if (error instanceof InvalidApiResponseFormatError || error instanceof SyntaxError)
    return 'an answer that the Hub does not give';
  const cause = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
  return cause?.code ? `the connection failed (${cause.code})` : 'the connection broke';
}

/** The final error for a refused repository, revision or file: what it is, and the remedy. */
export function refusedError(
  repo: HubRepo,
  revision: string,
  refusal: Refusal,
  { token: state, hubUrl }: { token: 'none' | 'sent' | 'withheld'; hubUrl: string },
): FinalError {
  const field = repo.type;
  const name = JSON.stringify(repo.name);
  const page = `${hubUrl}/${repo.type === 'dataset' ? 'datasets/' : ''}${repo.name}`;
  const token = {
    sent: `the Worker's token (HF_TOKEN) may not read it`,
    none: `no token is set: give the Worker HF_TOKEN, and name the repository or its owner there (--allow-hub, allowedSources.hub)`,
    withheld: `the Worker's token (HF_TOKEN) is sent only for owners and repositories that its owner names: name this one there (--allow-hub, allowedSources.hub)`,
  }[state];
  const say = (text: string): FinalError =>
    new FinalError('SourceNotFound', `${field}.${text}`, { cause: new Error(`HTTP ${refusal.status}`) });
  if (refusal.code === 'GatedRepo' || refusal.status === 403) {
    return say(
      `source: ${repo.type} ${name} is gated (${refusal.status}); ${token}. Ask for access at ${page}, then start again.`,
    );
  }
  if (refusal.code === 'RevisionNotFound') {
    return say(
      `revision: ${repo.type} ${name} has no revision ${JSON.stringify(revision)}. Name a branch, tag or commit of it.`,
    );
  }
  if (refusal.status === 401) {
    return say(
      `source: ${repo.type} ${name} is unknown to the Hub, private or gated (401); ${token}. Check the spelling ("owner/name"), or ask for access at ${page}.`,
    );
  }
  if (refusal.status === 404) {
    return say(
      `source: ${repo.type} ${name} is unknown to the Hub (404). Check the spelling ("owner/name"); it is no file or folder in the data folders either.`,
    );
  }
  return say(`source: the Hub refused ${repo.type} ${name} (HTTP ${refusal.status}).`);
}
