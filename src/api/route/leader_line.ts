/**
 * The connection of a manager to the leader's API: one at a time, dialled when it is first needed.
 *
 * Used by `forward.ts`. When another manager leads, the streams that go through it are ended, and the
 * connection is closed as soon as the last single call on it is answered.
 */
import { WarrenError } from "../../lib/mod.ts";
import type { NodeId } from "../../model/mod.ts";
import type { Channel } from "../../rpc/mod.ts";
import type { Consensus, Leader } from "../context.ts";

/** Opens a connection to `HOST:PORT`; nothing is dialled before the first call. */
export type OpenChannel = (address: string) => Channel;

/** What a line needs. */
export interface LineParts {
  readonly consensus: Consensus;
  readonly open: OpenChannel;
  /** This manager's own node. */
  readonly selfId: NodeId;
}

/** The connection while one call uses it. */
export interface HeldLine extends Disposable {
  readonly channel: Channel;
  /** Aborted when another manager leads, with a NO_LEADER that says so. */
  readonly moved: AbortSignal;
}

interface Line {
  readonly leader: Leader;
  readonly channel: Channel;
  readonly moved: AbortController;
  users: number;
}

/** Holds the connection. */
export class LeaderLine implements Disposable {
  readonly #parts: LineParts;
  readonly #unsubscribe: () => void;
  #line: Line | null = null;

  constructor(parts: LineParts) {
    this.#parts = parts;
    this.#unsubscribe = parts.consensus.onLeaderChange(() => this.#check());
  }

  /** Another manager that leads; null also while this one is only about to. */
  get leader(): Leader | null {
    const leader = this.#parts.consensus.leader();
    return leader?.id === this.#parts.selfId ? null : leader;
  }

  /** The connection to the leader of now. @throws WarrenError NO_LEADER when none is known */
  take(): HeldLine {
    this.#check();
    const { leader } = this;
    if (!leader) throw new WarrenError("NO_LEADER", "The managers have no leader at the moment");
    const line = this.#line ??= {
      leader,
      channel: this.#parts.open(leader.address),
      moved: new AbortController(),
      users: 0,
    };
    line.users++;
    return {
      channel: line.channel,
      moved: line.moved.signal,
      [Symbol.dispose]: () => this.#release(line),
    };
  }

  /** While nobody is known to lead, the one that did may still do: its line is kept. */
  #check(): void {
    const line = this.#line;
    const leader = this.#parts.consensus.leader();
    if (!line || !leader) return;
    if (leader.id === line.leader.id && leader.address === line.leader.address) return;
    this.#drop(line, new WarrenError("NO_LEADER", "Another manager leads now"));
  }

  #drop(line: Line, reason: WarrenError): void {
    this.#line = null;
    line.moved.abort(reason);
    if (line.users === 0) line.channel.close();
  }

  #release(line: Line): void {
    line.users--;
    if (line.users === 0 && this.#line !== line) line.channel.close();
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
    if (this.#line) this.#drop(this.#line, new WarrenError("STOPPING", "The manager is stopping"));
  }
}
