/**
 * A driver that only writes down what its transport tells it, for tests of transports.
 *
 * Used by the contract suite and the tests of one transport alone. Tests wait on what was written
 * down, never on time; the time limit only ends a test that would otherwise hang.
 */
import { WarrenError } from "../../../lib/mod.ts";
import type { MemberId, Message } from "../../../raft/mod.ts";
import type {
  Committed,
  PeerAddress,
  SnapshotOffer,
  SnapshotReceiver,
  TransportEvents,
} from "../transport.ts";

const GIVE_UP_MS = 10_000;

/** What came in, in order, as one line each. */
export class Recorder implements TransportEvents {
  readonly lines: string[] = [];
  readonly messages: Message[] = [];
  /** How many messages each call of `onMessages` had. */
  readonly batches: number[] = [];
  readonly addresses: PeerAddress[] = [];
  readonly offers: SnapshotOffer[] = [];
  readonly unwelcome = new Set<MemberId>();
  receiver: (offer: SnapshotOffer) => Promise<SnapshotReceiver | null> = () => {
    return Promise.resolve(null);
  };
  forwarded: (data: Uint8Array) => Promise<Committed> = () => {
    return Promise.reject(new WarrenError("NO_LEADER", "nobody leads"));
  };
  readonly #waiting = new Set<() => void>();

  onMessages(messages: readonly Message[]): void {
    this.messages.push(...messages);
    this.batches.push(messages.length);
    for (const { kind, from } of messages) this.lines.push(`${kind} from ${from}`);
    this.poke();
  }

  onPeer(peer: MemberId, what: "unreachable" | "restarted" | "connected"): void {
    this.#note(`${peer} ${what}`);
  }

  onAddress(peer: PeerAddress): void {
    this.addresses.push(peer);
    this.poke();
  }

  onRemoved(by: MemberId): void {
    this.#note(`removed by ${by}`);
  }

  isWelcome(peer: MemberId): boolean {
    return !this.unwelcome.has(peer);
  }

  receiveSnapshot(offer: SnapshotOffer): Promise<SnapshotReceiver | null> {
    this.offers.push(offer);
    this.poke();
    return this.receiver(offer);
  }

  onForwarded(data: Uint8Array): Promise<Committed> {
    return this.forwarded(data);
  }

  #note(line: string): void {
    this.lines.push(line);
    this.poke();
  }

  /** Looks again at what is waited for. */
  poke(): void {
    for (const look of this.#waiting) look();
  }

  /** How often `line` was written. */
  count(line: string): number {
    return this.lines.filter((one) => one === line).length;
  }

  /** Waits until `line` was written `times` times in all. */
  saw(line: string, times = 1): Promise<void> {
    return this.until(() => this.count(line) >= times, `"${line}" ${times} times`);
  }

  /** Waits until `isTrue`, looked at after every event. */
  until(isTrue: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!isTrue()) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`waited in vain for ${what}; saw: ${this.lines.join(", ")}`));
      }, GIVE_UP_MS);
      this.#waiting.add(look);
      look();
    });
  }
}
