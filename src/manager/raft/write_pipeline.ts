/**
 * Batches of the core on their way to the disk, with group commit: everything that comes up while
 * one write runs goes into the next (rule G1).
 *
 * Owned by the driver. Invariant: completions come in the order of the batches, a batch without
 * anything to write included, and nothing is released before its own batch is durable.
 */
import type { Clock } from "../../lib/mod.ts";
import type { Persist, Ready } from "../../raft/mod.ts";
import type { Disk } from "../disk/disk.ts";

/** What the pipeline needs. */
export interface PipelineParts {
  readonly disk: Disk;
  readonly clock: Clock;
  /** `ready` is durable. */
  readonly onDurable: (ready: Ready) => void;
  /** All of one write are durable; `seconds` is what it took. */
  readonly onSynced: (seconds: number) => void;
  readonly onFailed: (error: unknown) => void;
}

/** Batches in order. */
export class WritePipeline {
  readonly #parts: PipelineParts;
  #queue: Ready[] = [];
  #writing: Promise<void> | null = null;
  #hasFailed = false;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  /** Takes a batch; calls `onDurable` at once when nothing is before it and it has nothing to write. */
  add(ready: Ready): void {
    if (this.#hasFailed) return;
    if (!ready.persist && !this.#writing && this.#queue.length === 0) {
      return this.#parts.onDurable(ready);
    }
    this.#queue.push(ready);
    this.#maybeWrite();
  }

  /** Settles when nothing is being written. */
  async idle(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  #maybeWrite(): void {
    if (this.#writing || this.#queue.length === 0 || this.#hasFailed) return;
    const batch = this.#queue;
    this.#queue = [];
    this.#writing = this.#write(batch).finally(() => {
      this.#writing = null;
      this.#maybeWrite();
    });
  }

  async #write(batch: readonly Ready[]): Promise<void> {
    const { disk, clock, onDurable, onSynced, onFailed } = this.#parts;
    const persists = batch.flatMap(({ persist }): Persist[] => persist ? [persist] : []);
    const startMs = clock.monoNow();
    try {
      if (persists.length > 0) await disk.write(persists);
    } catch (error) {
      this.#hasFailed = true;
      return onFailed(error);
    }
    if (persists.length > 0) onSynced((clock.monoNow() - startMs) / 1_000);
    for (const ready of batch) onDurable(ready);
  }
}
