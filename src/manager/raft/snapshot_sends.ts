/**
 * Snapshots on their way to other members: one to each, and not again at once after one failed.
 *
 * Part of the keeper of snapshots. The core sends again as soon as it hears of a failure, so it hears
 * of it later: a member that cannot be reached would keep this one busy otherwise. It hears at once when the
 * snapshot is gone, since a newer one is there. Invariant: the core hears of the newest attempt to each
 * member, once.
 */
import { type CancelTimer, type Clock, type Log, WarrenError } from "../../lib/mod.ts";
import type { MemberId, PeerReport } from "../../raft/mod.ts";
import type { Disk } from "../disk/disk.ts";
import type { SnapshotMessage, Transport } from "../transport/transport.ts";

/** Pause after an attempt that failed, in milliseconds; ended when the member shows up. */
export const RESEND_MS = 500;

/** What sending needs. */
export interface SendParts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
  readonly onReport: (peer: MemberId, what: PeerReport) => void;
  /** Index of the snapshot in force. */
  readonly inForce: () => number;
}

interface Attempt {
  /** Set while the failure is not told yet. */
  cancel: CancelTimer | null;
}

/** What is being sent, by member. */
export class SnapshotSends {
  readonly #parts: SendParts;
  readonly #abort = new AbortController();
  readonly #attempts = new Map<MemberId, Attempt>();

  constructor(parts: SendParts) {
    this.#parts = parts;
  }

  /** Whether bytes of the snapshot in force may still be asked for. */
  get isBusy(): boolean {
    return [...this.#attempts.values()].some(({ cancel }) => cancel === null);
  }

  /** Sends the snapshot that `message` announces; the core is told once how it went. */
  send(transport: Transport, message: SnapshotMessage): void {
    const { to } = message;
    this.forget(to);
    const attempt: Attempt = { cancel: null };
    this.#attempts.set(to, attempt);
    void this.#send(transport, message).then(
      () => this.#end(to, attempt, "snapshot sent"),
      (thrown) => this.#failed(message, attempt, thrown),
    );
  }

  /** The member is in another life: nobody waits for what was sent to the former one. */
  forget(peer: MemberId): void {
    this.#attempts.get(peer)?.cancel?.();
    this.#attempts.delete(peer);
  }

  /** The member can be reached again: what failed before is tried again now. */
  wake(peer: MemberId): void {
    const attempt = this.#attempts.get(peer);
    if (attempt?.cancel) this.#end(peer, attempt, "snapshot failed");
  }

  /** Ends what is under way; nobody is told. */
  stop(): void {
    this.#abort.abort(new WarrenError("STOPPING", "this manager is stopping"));
    for (const peer of [...this.#attempts.keys()]) this.forget(peer);
  }

  async #send(transport: Transport, message: SnapshotMessage): Promise<void> {
    const { disk } = this.#parts;
    const { index } = message.snapshot;
    const file = await disk.findSnapshot(index);
    if (!file) throw new WarrenError("SNAPSHOT_GONE", `the snapshot at ${index} is gone`);
    const read = (offset: number, maxBytes: number) => disk.readSnapshot(index, offset, maxBytes);
    await transport.sendSnapshot(message, { ...file, read }, this.#abort.signal);
  }

  #failed({ to, snapshot: { index } }: SnapshotMessage, attempt: Attempt, thrown: unknown): void {
    if (this.#attempts.get(to) !== attempt) return;
    const { clock, log, inForce } = this.#parts;
    const { message, reason } = WarrenError.from(thrown, "Cannot send a snapshot");
    // That a member cannot be reached is told by its connection.
    const level = reason === "NODE_UNREACHABLE" ? "debug" : "warn";
    log[level]("a snapshot did not arrive", { member_id: to, index, error: message });
    const tell = () => this.#end(to, attempt, "snapshot failed");
    if (index < inForce()) return tell();
    attempt.cancel = clock.after(RESEND_MS, tell);
  }

  #end(peer: MemberId, attempt: Attempt, what: PeerReport): void {
    if (this.#attempts.get(peer) !== attempt) return;
    this.forget(peer);
    this.#parts.onReport(peer, what);
  }
}
