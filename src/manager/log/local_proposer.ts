/**
 * {@link Proposer} of a cluster with a single member: a durable log in front of the store.
 *
 * One loop takes whatever waits, writes it as one batch with one sync, applies it in log order and
 * answers the callers. So an answer means durable and applied. After a failed write nothing is
 * answered any more, and `onFault` is told so that the process can end and read the disk anew.
 */
import {
  assert,
  type Clock,
  type Log,
  type Metrics,
  TaskGroup,
  WarrenError,
} from "../../lib/mod.ts";
import { asIndex } from "../../model/mod.ts";
import {
  type Action,
  type Applied,
  decodeEntry,
  encodeEntry,
  encodeState,
  type ProposeOptions,
  type Proposer,
  type Store,
} from "../../store/mod.ts";
import { DurableLog } from "./durable_log.ts";
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
  #wake: () => void = () => {};
  #isStopping = false;
  #isSaving = false;
  #closed: Promise<void> | undefined;
  #fault: WarrenError | undefined;
  #sinceSnapshot = { entries: 0, bytes: 0 };

  private constructor(options: LocalProposerOptions, disk: DurableLog, replayed: Replayed) {
    this.#options = options;
    this.#disk = disk;
    this.#sinceSnapshot = { entries: replayed.entries, bytes: replayed.bytes };
    this.#durations = logDurations(options.metrics);
    this.#hideStatus = exposeLogStatus(options.metrics, () => this.status());
    this.#group = new TaskGroup((name, error) => this.#onMemberFailed(name, error));
    this.#loop = this.#startLoop();
  }

  /** Ends when the queue is empty after `close`, or at the first fault. */
  readonly #loop: Promise<void>;

  /**
   * Opens the log and brings the store to its end.
   *
   * @throws WarrenError DATA_CORRUPT naming file and offset.
   */
  static async open(options: LocalProposerOptions): Promise<LocalProposer> {
    const replay = new Replayed(options.store);
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
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (this.#fault) return reject(this.#fault);
      if (this.#isStopping) return reject(stopping());
      const atMs = this.#options.clock.wallNow();
      const bytes = encodeEntry([{ actions, atMs, requestId }]);
      const onAbort = () => reject(signal?.reason);
      const settled = () => signal?.removeEventListener("abort", onAbort);
      this.#queue.push({
        bytes,
        sinceMs: this.#options.clock.monoNow(),
        resolve: (applied) => (settled(), resolve(applied)),
        reject: (error) => (settled(), reject(error)),
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
    await this.#loop;
    await this.#group.stop();
    this.#hideStatus();
    await this.#disk.close();
  }
}
