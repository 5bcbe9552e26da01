/**
 * When a call is tried again, and where: pure. `client.ts` carries it out.
 *
 * Nobody at an address: the next one is asked at once. A manager without a leader, or an answer that
 * was lost: again in a moment, for as long as an election may take. Whether a call may be repeated
 * after a lost answer is its kind's matter.
 */
import { WarrenError } from "../lib/mod.ts";

/** How long managers without a leader are asked again, in milliseconds. */
export const LEADER_PATIENCE_MS = 8_000;

/** Waits after all addresses refused a connection, round by round. */
const REFUSED_DELAYS_MS: readonly number[] = [50, 150, 300];
/** Waits while there is no leader; the last one repeats. */
const UNLED_DELAYS_MS: readonly number[] = [50, 100, 200, 400];

/**
 * What a failed call means: `absent`: nobody was ever there; `refused`: nobody is there now; `unled`:
 * it was not carried out for want of a leader; `lost`: it may have been; `final`: it was answered.
 */
export type Failure = "absent" | "refused" | "unled" | "lost" | "final";

/** What `error` means for a call that may, or may not, be repeated after a lost answer. */
export function failureOf(error: unknown, isRepeatable: boolean): Failure {
  if (!(error instanceof WarrenError)) return "final";
  const lost = isRepeatable ? "lost" : "final";
  switch (error.reason) {
    case "NO_LEADER":
    case "STOPPING":
      return "unled";
    case "UNKNOWN_OUTCOME":
      return lost;
    case "CLUSTER_UNREACHABLE":
      return unreachable(error, lost);
    default:
      return "final";
  }
}

function unreachable({ cause }: WarrenError, lost: Failure): Failure {
  const details = cause instanceof Error ? cause.message : "";
  if (/Failed to start HTTP\/2 stream/.test(details)) return "refused";
  if (!/No connection established/.test(details)) return lost;
  // A socket that is not there will not come soon.
  return /ENOENT|EACCES|ENOTFOUND/.test(details) ? "absent" : "refused";
}

/** The tries of one call so far. */
export interface Tries {
  /** Failures to reach anybody since somebody was reached. */
  readonly unreached: number;
  /** Of those, how many addresses had nobody ever. */
  readonly absent: number;
  /** Answers without a leader and lost ones. */
  readonly unled: number;
}

/** Before the first try. */
export const NO_TRIES: Tries = { unreached: 0, absent: 0, unled: 0 };

/** What to do after a failure: wait, then ask the next address; null gives up. */
export interface Retry {
  readonly tries: Tries;
  readonly waitMs: number | null;
}

/** Decides after `failure`, with `addresses` to ask and `sinceMs` since the first try. */
export function planRetry(
  tries: Tries,
  failure: Failure,
  { addresses, sinceMs }: { readonly addresses: number; readonly sinceMs: number },
): Retry {
  if (failure === "final") return { tries, waitMs: null };
  if (failure === "unled" || failure === "lost") {
    const waitMs = UNLED_DELAYS_MS[tries.unled] ?? UNLED_DELAYS_MS.at(-1) ?? 0;
    const next = { unreached: 0, absent: 0, unled: tries.unled + 1 };
    return { tries: next, waitMs: sinceMs >= LEADER_PATIENCE_MS ? null : waitMs };
  }
  const unreached = tries.unreached + 1;
  const absent = tries.absent + (failure === "absent" ? 1 : 0);
  const next = { ...tries, unreached, absent };
  if (unreached % addresses !== 0) return { tries: next, waitMs: 0 };
  if (absent === unreached) return { tries: next, waitMs: null };
  const round = unreached / addresses - 1;
  // Somebody was there a moment ago: the group is in the middle of something.
  const isPatient = tries.unled > 0 && sinceMs < LEADER_PATIENCE_MS;
  const otherwise = isPatient ? REFUSED_DELAYS_MS.at(-1) ?? null : null;
  return { tries: next, waitMs: REFUSED_DELAYS_MS[round] ?? otherwise };
}
