/**
 * Which manager to ask next, and how long to wait before: the pure part of keeping a session.
 *
 * Any manager will do, since those that do not lead send an agent's calls on. Invariant: every known
 * address is asked again and again, bounded in number, however long none of them answers.
 */
import type { Reason } from "../../lib/mod.ts";

/** Addresses that are kept; those beyond it are left out, the operator's own last. */
export const MAX_MANAGERS = 32;
/** For how long a manager that did not serve is passed over while there are others. */
const REST_MS = 5_000;
/** Bounds of the pause between two tries. */
const MIN_PAUSE_MS = 50;
const MAX_PAUSE_MS = 5_000;
/** The pause is at most this share of the time away: an agent is late by no more than that. */
const PAUSE_SHARE = 1 / 3;
/** Share of a pause that is random: agents that lost the same manager do not come back at once. */
const JITTER = 0.5;
/** Bounds of the time that a manager has to say welcome; managers that start may be slow. */
const MIN_WELCOME_MS = 2_000;
const MAX_WELCOME_MS = 10_000;

/** Milliseconds to wait before the next try, `awayMs` after the last good session; `random` in [0, 1). */
export function pauseMs(awayMs: number, random: number): number {
  const fullMs = Math.min(MAX_PAUSE_MS, Math.max(MIN_PAUSE_MS, awayMs * PAUSE_SHARE));
  return Math.round(fullMs * (1 - JITTER * random));
}

/** Milliseconds that a manager may take to answer a hello, `awayMs` after the last good session. */
export function welcomeLimitMs(awayMs: number): number {
  return Math.min(MAX_WELCOME_MS, Math.max(MIN_WELCOME_MS, awayMs));
}

/** How a try, or the session that came of it, ended. */
export interface TryEnd {
  readonly reason: Reason;
  /** Whether there was a session. */
  readonly wasWelcome: boolean;
  readonly nowMs: number;
}

/** The addresses of managers in the order in which they are asked. */
export class ManagerList {
  /** What the operator said. */
  readonly #given: readonly string[];
  #addresses: readonly string[];
  #told: readonly string[];
  /** When each was asked, as a count; those never asked are missing. */
  readonly #asked = new Map<string, number>();
  readonly #restsUntilMs = new Map<string, number>();
  #tries = 0;

  /** `given` is what the operator said, `told` what managers said earlier. */
  constructor(given: readonly string[], told: readonly string[] = []) {
    this.#given = given;
    this.#told = bounded(told);
    this.#addresses = order(this.#given, this.#told);
  }

  /** Every address that is asked: a node's own manager first, then what was told, then the rest. */
  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /** What managers said last; worth remembering. */
  get told(): readonly string[] {
    return this.#told;
  }

  /** Managers say where they all are; whether that is news. Nothing said changes nothing. */
  learn(addresses: readonly string[]): boolean {
    const told = bounded(addresses);
    if (told.length === 0 || told.join("\n") === this.#told.join("\n")) return false;
    this.#told = told;
    this.#addresses = order(this.#given, told);
    for (const known of [this.#asked, this.#restsUntilMs]) {
      for (const address of known.keys()) {
        if (!this.#addresses.includes(address)) known.delete(address);
      }
    }
    return true;
  }

  /**
   * Whom to ask now: of those that do not rest the one asked longest ago; when all rest, the one that
   * is through first. "" when there is no address.
   */
  next(nowMs: number): string {
    const restMs = (address: string) => {
      return Math.max(0, (this.#restsUntilMs.get(address) ?? nowMs) - nowMs);
    };
    const askedAt = (address: string) => this.#asked.get(address) ?? 0;
    let best = this.#addresses[0] ?? "";
    for (const address of this.#addresses) {
      const isSooner = restMs(address) < restMs(best);
      const isEqual = restMs(address) === restMs(best);
      if (isSooner || isEqual && askedAt(address) < askedAt(best)) best = address;
    }
    this.#asked.set(best, ++this.#tries);
    return best;
  }

  /** A try with `address` is over. One that only has no leader to send us on to may be asked soon. */
  ended(address: string, { reason, wasWelcome, nowMs }: TryEnd): void {
    if (wasWelcome) {
      this.#asked.clear();
      if (!isOwn(address)) this.#asked.set(address, this.#tries);
    }
    if (isElection(reason)) this.#restsUntilMs.delete(address);
    else if (this.#addresses.includes(address)) this.#restsUntilMs.set(address, nowMs + REST_MS);
  }
}

/** Whether a manager that works says that another one must lead first, or that the leader was lost. */
export function isElection(reason: Reason): boolean {
  return reason === "NO_LEADER" || reason === "UNKNOWN_OUTCOME";
}

/** Whether it is the manager in the agent's own process. */
function isOwn(address: string): boolean {
  return address.startsWith("unix:");
}

function order(given: readonly string[], told: readonly string[]): readonly string[] {
  const own = given.filter(isOwn);
  return bounded([...own, ...told, ...given]);
}

function bounded(addresses: readonly string[]): readonly string[] {
  return [...new Set(addresses.filter((address) => address !== ""))].slice(0, MAX_MANAGERS);
}
