/**
 * {@link Proposer} of a cluster with a single member: a durable log in front of the store.
 *
 * One loop takes whatever waits, writes it as one batch with one sync, applies it in log order and
 * answers the callers. So an answer means durable and applied. After a failed write nothing is
 * answered any more, and `onFault` is told so that the process can end and read the disk anew.
 */
import { type Clock, type Log, type Metrics, TaskGroup, WarrenError } from "../../lib/mod.ts";
import { asIndex } from "../../model/mod.ts";
import {
  type Action,
  type Applied,
  decodeEntry,
  encodeEntry,
  encodeState,
  type ProposeOptions,
  type Proposer,
  type StateCapture,
  type Store,
} from "../../store/mod.ts";
import { DurableLog } from "./durable_log.ts";
import type { LogRecord } from "./frame.ts";
import type { LogFs } from "./log_fs.ts";
import { exposeLogStatus, type LogDurations, logDurations, type LogStatus } from "./log_metrics.ts";
import { type Pending, ProposalQueue } from "./proposal_queue.ts";
import type { Recovery } from "./recover.ts";

/** Entries after which a snapshot is taken, unless `--snapshot-threshold` says otherwise. */
export const DEFAULT_SNAPSHOT_THRESHOLD = 8_192;

/** Bytes of entries after which a snapshot is taken, however few the entries are. */
const SNAPSHOT_BYTES = 64 * 1024 * 1024;

/** The only term of a log that has one member. */
const SOLE_TERM = 1;

/** What the proposer is made of. */
export interface LocalProposerOptions {
  readonly fs: LogFs;
  /** Directory of log files and snapshots, inside the locked data directory. */
  readonly dir: string;
  /** Still empty; the log is replayed into it. */
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly snapshotThreshold?: number;
  /** Called once when nothing can be written any more. */
  readonly onFault: (fault: WarrenError) => void;
}

/** The single member's way into the log. `await using` closes it. */
export class LocalProposer implements Proposer, AsyncDisposable {
  readonly #options: LocalProposerOptions;
  readonly #disk: DurableLog;
  readonly #durations: LogDurations;
  readonly #queue = new ProposalQueue();
  readonly #group: TaskGroup;
  readonly #hideStatus: () => void;
  readonly #written = Promise.withResolvers<void>();
  #wake: () => void = () => {};
  #isStopping = false;
  #isSaving = false;
  #closed: Promise<void> | undefined;
  #fault: WarrenError | undefined;
  #sinceSnapshot: { readonly entries: number; readonly bytes: number };

  private constructor(options: LocalProposerOptions, disk: DurableLog, replayed: Replay) {
    this.#options = options;
    this.#disk = disk;
    this.#sinceSnapshot = { entries: replayed.entries, bytes: replayed.bytes };
    this.#durations = logDurations(options.metrics);
    this.#hideStatus = exposeLogStatus(options.metrics, () => this.status());
    this.#group = new TaskGroup((name, error) => this.#onMemberFailed(name, error));
    this.#group.run("log writer", () => this.#write());
  }

  /**
   * Opens the log and brings the store to its end.
   *
   * @throws WarrenError DATA_CORRUPT naming file and offset.
   */
  static async open(options: LocalProposerOptions): Promise<LocalProposer> {
    const replay = new Replay(options.store);
    const disk = await DurableLog.open(options.fs, options.dir, replay);
    const { log } = options;
    if (disk.cutBytes > 0) {
      log.warn("cut an unfinished batch from the end of the log", { bytes: disk.cutBytes });
    }
    log.debug("log replayed", { entries: replay.entries, last_index: disk.lastIndex });
    return new LocalProposer(options, disk, replay);
  }

  /** Where the log stands. */
  status(): LogStatus {
    const { lastIndex } = this.#disk;
    return {
      isLeader: !this.#isStopping && this.#fault === undefined,
      term: SOLE_TERM,
      lastIndex,
      commitIndex: lastIndex,
      appliedIndex: this.#options.store.view.index,
    };
  }

  propose(actions: readonly Action[], options: ProposeOptions = {}): Promise<Applied> {
    const { signal, requestId = "" } = options;
    const { clock } = this.#options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (this.#fault) return reject(this.#fault);
      if (this.#isStopping) return reject(stopping());
      const onAbort = () => reject(signal?.reason);
      const settle = () => signal?.removeEventListener("abort", onAbort);
      this.#queue.push({
        bytes: encodeEntry([{ actions, atMs: clock.wallNow(), requestId }]),
        sinceMs: clock.monoNow(),
        resolve: (applied) => (settle(), resolve(applied)),
        reject: (error) => (settle(), reject(error)),
      });
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#wake();
    });
  }

  /** Takes no more proposals, finishes those that wait, and closes the files. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#isStopping = true;
    this.#wake();
    await this.#written.promise;
    await this.#group.stop();
    this.#hideStatus();
    await this.#disk.close();
  }

  /** The writer: ends once stopped and empty, or at the first fault. */
  async #write(): Promise<void> {
    try {
      while (!this.#fault) {
        if (this.#queue.size > 0) await this.#writeBatch(this.#queue.takeBatch());
        else if (this.#isStopping) return;
        else await this.#woken();
      }
    } finally {
      this.#written.resolve();
    }
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => this.#wake = resolve);
  }

  async #writeBatch(batch: readonly Pending[]): Promise<void> {
    const { clock } = this.#options;
    const firstIndex = this.#disk.lastIndex + 1;
    const startMs = clock.monoNow();
    try {
      await this.#disk.append(batch.map(({ bytes }) => bytes));
    } catch (error) {
      const fault = WarrenError.from(error, "Cannot write the log");
      for (const { reject } of batch) reject(fault);
      return this.#fail(fault);
    }
    const durableMs = clock.monoNow();
    this.#durations.fsync.observe((durableMs - startMs) / 1_000);
    for (const { sinceMs } of batch) {
      this.#durations.commit.observe((durableMs - sinceMs) / 1_000);
    }
    try {
      for (const [at, pending] of batch.entries()) this.#apply(firstIndex + at, pending);
    } catch (error) {
      const fault = WarrenError.from(error, "Cannot apply a change");
      for (const { reject } of batch) reject(fault);
      return this.#fail(fault);
    }
    await this.#maybeSave(batch);
  }

  /** Applies what the bytes say, so that a replay cannot differ from the first time. */
  #apply(index: number, { bytes, resolve }: Pending): void {
    const { clock, store } = this.#options;
    const startMs = clock.monoNow();
    const applied = applyEntry(store, index, bytes);
    this.#durations.apply.observe((clock.monoNow() - startMs) / 1_000);
    resolve(applied);
  }

  /** Between two batches the store stands at the end of the log: the moment for a snapshot. */
  async #maybeSave(batch: readonly Pending[]): Promise<void> {
    const { snapshotThreshold = DEFAULT_SNAPSHOT_THRESHOLD, store } = this.#options;
    const entries = this.#sinceSnapshot.entries + batch.length;
    const bytes = batch.reduce((sum, one) => sum + one.bytes.length, this.#sinceSnapshot.bytes);
    this.#sinceSnapshot = { entries, bytes };
    if (this.#isSaving || (entries < snapshotThreshold && bytes < SNAPSHOT_BYTES)) return;
    this.#sinceSnapshot = { entries: 0, bytes: 0 };
    try {
      await this.#disk.roll();
    } catch (error) {
      return this.#fail(WarrenError.from(error, "Cannot begin a log file"));
    }
    const capture = store.snapshot();
    this.#isSaving = true;
    this.#group.run("snapshot", (signal) => this.#save(capture, signal));
  }

  async #save(capture: StateCapture, signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    try {
      await this.#disk.saveSnapshot(capture.index, untilAborted(encodeState(capture), signal));
      log.debug("snapshot saved", { index: capture.index });
    } catch (error) {
      if (signal.aborted) return;
      // The log is whole without it, only longer: the next threshold tries again.
      const { message } = WarrenError.from(error, "Cannot save a snapshot");
      log.error("cannot save a snapshot, the log grows on", { error: message });
    } finally {
      this.#isSaving = false;
    }
  }

  /** Only a bug ends a member by an exception: whatever waits is told, and the process is to end. */
  #onMemberFailed(name: string, error: unknown): void {
    this.#fail(WarrenError.from(error, `Cannot go on with the ${name}`));
  }

  #fail(fault: WarrenError): void {
    if (this.#fault) return;
    this.#fault = fault;
    this.#queue.rejectAll(fault);
    this.#options.log.error("the log takes no more changes", { error: fault.message });
    this.#options.onFault(fault);
  }
}

/** Replays the log into the store and counts what a snapshot would save. */
class Replay implements Recovery {
  readonly #store: Store;
  entries = 0;
  bytes = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  restore(index: number, state: Uint8Array): void {
    this.#store.restore(state);
    const found = this.#store.view.index;
    if (found !== index) {
      const what = `Cannot read the snapshot at ${index}: it holds the state at ${found}`;
      throw new WarrenError("DATA_CORRUPT", what);
    }
  }

  replay({ index, bytes }: LogRecord): void {
    applyEntry(this.#store, index, bytes);
    this.entries++;
    this.bytes += bytes.length;
  }
}

/** Applies the proposals of one entry; the answer is that of the last. */
function applyEntry(store: Store, index: number, bytes: Uint8Array): Applied {
  let applied: Applied = { ok: true, index: asIndex(index) };
  for (const proposal of decodeEntry(bytes)) applied = store.apply(asIndex(index), proposal);
  return applied;
}

function* untilAborted<T>(items: Iterable<T>, signal: AbortSignal): Generator<T> {
  for (const item of items) {
    signal.throwIfAborted();
    yield item;
  }
}

function stopping(): WarrenError {
  return new WarrenError("STOPPING", "Cannot propose the change: this manager is stopping");
}
