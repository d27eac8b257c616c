// Claims on a lineage: who trains it. They save work and guard nothing: training is deterministic and checkpoints are created, never
// overwritten, so two trainers of one lineage can only make the same bytes twice. A claim is named by the server's time for the attempt,
// the one value that rises over retries, resets, pauses and takeovers alike, and by an owner. A newer attempt of the same activity takes
// over at once; another run that meets a fresh claim waits and uses the checkpoints that come.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ArtifactStore, Claim } from '../artifacts/store.js';
import { RetryableError } from '../errors.js';
import type { Claimant } from '../spec/training-stages.js';

const TIME_DIGITS = 15;
/** Between two looks at others that look at the same moment. */
const CHOOSING_POLL_MS = 20;
/** Claims of long ago say nothing any more. */
const FORGOTTEN_MS = 24 * 3_600_000;

/** Options of {@link claimLineage}. */
export interface ClaimLineageOptions {
  store: ArtifactStore;
  lineage: string;
  claimant: Claimant;
  /** Looked at while another run trains the lineage. */
  signal: AbortSignal;
  /** Called at each look while another run trains the lineage; true ends the wait without a claim. */
  onWait: (holder: Claim) => Promise<boolean>;
  /** Milliseconds between two looks while waiting; default 1000. */
  pollMs?: number | undefined;
}

/**
 * Takes the claim on a lineage, after a wait when another run has it.
 *
 * @returns undefined when `onWait` ended the wait.
 * @throws RetryableError `StaleAttempt` when a newer attempt of the same activity has a claim; the signal's reason when it is aborted.
 */
export async function claimLineage({
  store,
  lineage,
  claimant,
  signal,
  onWait,
  pollMs = 1000,
}: ClaimLineageOptions): Promise<LineageClaim | undefined> {
  const claim = new LineageClaim(store, lineage, claimant);
  for (;;) {
    const before = await claim.others();
    claim.demandNewest(before);
    let holder = before.find((other) => isHeld(other, claimant) && !isChoosing(other));
    if (!holder) {
      holder = await choose(claim, claimant);
      if (!holder) {
        for (const other of before)
          if (other.ageMs > FORGOTTEN_MS || isAhead(other, claimant)) await store.removeClaim(lineage, other.name);
        return claim;
      }
      await claim.release();
    }
    if (await onWait(holder)) return undefined;
    signal.throwIfAborted();
    await sleep(pollMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/**
 * Takes the claim, unless another run has it. Who looks says so first (Lamport's bakery), so that of two that begin at once each sees
 * the other, whatever the order of their writes: the one whose attempt is older waits until the other has given way, or has it.
 *
 * @returns the claim that stands in the way.
 */
async function choose(claim: LineageClaim, claimant: Claimant): Promise<Claim | undefined> {
  await claim.write({ choosing: true });
  for (;;) {
    const held = (await claim.others()).filter((other) => isHeld(other, claimant));
    if (held.length === 0) break;
    const holder = held.find((other) => !isChoosing(other) || other.name < claim.name);
    if (holder) return holder;
    await sleep(CHOOSING_POLL_MS);
  }
  await claim.write();
  return undefined;
}

/** A claim that this trainer has. */
export class LineageClaim {
  readonly name: string;
  private written = -Infinity;

  constructor(
    private readonly store: ArtifactStore,
    private readonly lineage: string,
    private readonly claimant: Claimant,
  ) {
    this.name = `${String(claimant.scheduledMs).padStart(TIME_DIGITS, '0')}-${claimant.owner}`;
  }

  /**
   * Looks whether a newer attempt of the same activity has a claim.
   *
   * @throws RetryableError `StaleAttempt` then.
   */
  async demand(): Promise<void> {
    this.demandNewest(await this.others());
  }

  /** Keeps the claim fresh, and looks at it, when a quarter of the time has gone in which it counts as fresh. */
  async keep(): Promise<void> {
    if (performance.now() - this.written < this.claimant.freshMs / 4) return;
    await this.demand();
    await this.write();
  }

  /** Leaves the claim as a mark for older attempts that wake up later, and lets others begin. */
  async release(): Promise<void> {
    // A store that is away lets the claim grow old by itself.
    await this.store.putClaim(this.lineage, this.name, { ...this.body(), released: true }).catch(() => undefined);
  }

  /** Writes the claim; `choosing`: it is not taken yet. */
  async write({ choosing = false } = {}): Promise<void> {
    await this.store.putClaim(this.lineage, this.name, { ...this.body(), ...(choosing && { choosing }) });
    this.written = performance.now();
  }

  /** The claims on the lineage but this one. */
  async others(): Promise<Claim[]> {
    return (await this.store.listClaims(this.lineage)).filter(({ name }) => name !== this.name);
  }

  /** Throws when one of the claims is a newer attempt's of the same activity. */
  demandNewest(claims: readonly Claim[]): void {
    const { scheduledMs, attempt } = this.claimant;
    const newer = claims.find(
      (other) =>
        isOfSameActivity(other, this.claimant) && scheduledOf(other) > scheduledMs && !isAhead(other, this.claimant),
    );
    if (!newer) return;
    throw new RetryableError(
      'StaleAttempt',
      `Training: attempt ${attempt} of ${this.claimant.activity} was given up by the server, and a newer one trains ${this.lineage.slice(0, 12)}; this one stops.`,
    );
  }

  private body(): Record<string, unknown> {
    const { workflow, activity, scheduledMs, attempt } = this.claimant;
    return { workflow, activity, scheduledMs, attempt, pid: process.pid };
  }
}

function isOfSameActivity({ body }: Claim, { workflow, activity }: Claimant): boolean {
  return body.workflow === workflow && body.activity === activity;
}

function isHeld(other: Claim, claimant: Claimant): boolean {
  const isFresh = other.ageMs < claimant.freshMs && !isAhead(other, claimant);
  return other.body.released !== true && isFresh && !isOfSameActivity(other, claimant);
}

/** True for a claim of before the clock was set back: it says nothing, or it would block for as long as the step. */
function isAhead({ ageMs }: Claim, { freshMs }: Claimant): boolean {
  return ageMs < -freshMs;
}

function isChoosing({ body }: Claim): boolean {
  return body.choosing === true;
}

function scheduledOf({ body }: Claim): number {
  return typeof body.scheduledMs === 'number' ? body.scheduledMs : -Infinity;
}
