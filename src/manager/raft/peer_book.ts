/**
 * Where the other members are: what the replicated state says, and what callers say of themselves.
 *
 * Owned by the driver. A newcomer, which knows no membership yet, holds connections to everyone it
 * was told of when it joined. Invariant: a member is not in its own book.
 */
import type { MemberId } from "../../raft/mod.ts";
import type { PeerAddress } from "../transport/transport.ts";

/** Addresses remembered at most; a group has a handful of members. */
const MAX_PEERS = 64;

/** Addresses by member. */
export class PeerBook {
  readonly #self: MemberId;
  readonly #addresses = new Map<MemberId, string>();

  constructor(self: MemberId, peers: readonly PeerAddress[]) {
    this.#self = self;
    this.know(peers);
  }

  /** What the replicated state says. */
  know(peers: readonly PeerAddress[]): void {
    for (const peer of peers) this.learn(peer);
  }

  /** What a caller says of itself; returns whether that is new. */
  learn({ id, address }: PeerAddress): boolean {
    if (id === this.#self || address === "" || this.#addresses.get(id) === address) return false;
    this.#addresses.delete(id);
    this.#addresses.set(id, address);
    const [oldest] = this.#addresses.keys();
    if (this.#addresses.size > MAX_PEERS && oldest !== undefined) this.#addresses.delete(oldest);
    return true;
  }

  /** The members to hold connections to: `members` without this one, or everyone when there are none. */
  peersOf(members: readonly MemberId[]): readonly PeerAddress[] {
    const all = [...this.#addresses].map(([id, address]) => ({ id, address }));
    return members.length === 0 ? all : all.filter(({ id }) => members.includes(id));
  }
}
