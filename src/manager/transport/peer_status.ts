/**
 * Whether a peer can be talked to, as the driver is told: each change once, never an attempt.
 *
 * Fed by the outgoing link, the incoming streams and the queues of one peer. Invariant: reports of
 * `connected` and `unreachable` alternate.
 */

/** What can be wrong with a peer. */
export type PeerTrouble = "no connection" | "caller gone" | "queue full";

/** Tells the changes of one peer. */
export class PeerStatus {
  readonly #report: (what: "unreachable" | "connected") => void;
  readonly #troubles = new Set<PeerTrouble>(["no connection"]);
  #told: "unreachable" | "connected" | null = null;

  /** Nothing is known, and nothing reported, before the first call. */
  constructor(report: (what: "unreachable" | "connected") => void) {
    this.#report = report;
  }

  /** What the driver was last told. */
  get isConnected(): boolean {
    return this.#told === "connected";
  }

  /** Something is wrong. */
  begin(trouble: PeerTrouble): void {
    this.#troubles.add(trouble);
    this.#tell("unreachable");
  }

  /** It is over; `connected` is told when nothing else is wrong. */
  end(trouble: PeerTrouble): void {
    this.#troubles.delete(trouble);
    if (this.#troubles.size === 0) this.#tell("connected");
  }

  #tell(what: "unreachable" | "connected"): void {
    if (this.#told === what) return;
    this.#told = what;
    this.#report(what);
  }
}
