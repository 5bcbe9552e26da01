/**
 * Which life each peer is in, as its hellos and welcomes say.
 *
 * Kept by the transport for peers and for callers that are none yet. Pure. Invariant: a peer's
 * number only grows, and each growth is told once, before anything of the new life is taken.
 */
import { WarrenError } from "../../lib/mod.ts";
import type { MemberId } from "../../raft/mod.ts";

/** Peers that are remembered; beyond it the one heard of first is forgotten. */
const MAX_PEERS = 1_024;

/** The lives of all peers. */
export class Incarnations {
  readonly #onRestart: (peer: MemberId) => void;
  readonly #known = new Map<MemberId, number>();

  /** `onRestart` is told of every later life, not of the first that is met. */
  constructor(onRestart: (peer: MemberId) => void) {
    this.#onRestart = onRestart;
  }

  /** The newest life of `peer`; undefined before it was met. */
  get(peer: MemberId): number | undefined {
    return this.#known.get(peer);
  }

  /** Takes note of the life that `peer` says it is in. @throws WarrenError NODE_UNREACHABLE when it is over */
  meet(peer: MemberId, incarnation: number): void {
    const known = this.#known.get(peer);
    if (known === incarnation) return;
    if (known !== undefined && incarnation < known) {
      throw new WarrenError("NODE_UNREACHABLE", `its life ${incarnation} ended before ${known}`);
    }
    if (known === undefined && this.#known.size >= MAX_PEERS) this.#forgetFirst();
    this.#known.set(peer, incarnation);
    if (known !== undefined) this.#onRestart(peer);
  }

  #forgetFirst(): void {
    for (const peer of this.#known.keys()) {
      this.#known.delete(peer);
      return;
    }
  }
}
