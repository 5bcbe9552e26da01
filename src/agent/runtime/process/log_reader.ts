/**
 * Reads a container's output back, from the beginning or the end, and follows it while it grows.
 *
 * Used by the runtime. Invariant: every record that is on disk when reading begins comes out once
 * and in order; a reader that is slower than two files of output misses what was deleted meanwhile.
 */
import type { LogLine, LogOptions } from "../runtime.ts";
import type { Subscription } from "./change_hub.ts";
import { listLogs, logPath } from "./log_files.ts";
import { decodeRecords } from "./log_format.ts";

/** Bytes read at a time. */
const CHUNK_BYTES = 64 * 1024;
/** Pauses between looks: where files cannot be watched, and where they can, in milliseconds. */
const POLL_MS = 200;
const RECHECK_MS = 5_000;

/** Where output is and when it ends. */
export interface LogSource {
  readonly dir: string;
  /** True when nothing more will be written. */
  hasEnded(): Promise<boolean>;
  /** Wakes when the container may have ended. */
  readonly subscription: Subscription;
}

/** Lines of output; with `follow` until the process ends, its files vanish or the signal aborts. */
export async function* readLogs(source: LogSource, options: LogOptions): AsyncGenerator<LogLine> {
  const position = new Position(source.dir);
  const wanted = (line: LogLine) => line.timeMs > options.sinceMs;
  if (!options.follow) return yield* lastLines(position.read(), options, wanted);
  using growth = new Growth(source);
  yield* lastLines(position.read(), options, wanted);
  while (!options.signal.aborted) {
    const hasEnded = await source.hasEnded();
    for await (const line of position.read()) if (wanted(line)) yield line;
    if (hasEnded) return;
    await growth.wait(options.signal);
  }
}

async function* lastLines(
  lines: AsyncIterable<LogLine>,
  { tail, signal }: LogOptions,
  wanted: (line: LogLine) => boolean,
): AsyncGenerator<LogLine> {
  const kept: LogLine[] = [];
  for await (const line of lines) {
    if (signal.aborted) return;
    if (!wanted(line)) continue;
    if (tail === undefined) yield line;
    else if (tail > 0) {
      kept.push(line);
      if (kept.length >= 2 * tail) kept.splice(0, kept.length - tail);
    }
  }
  if (tail !== undefined && tail > 0) yield* kept.slice(-tail);
}

/** How far one reader has come. */
class Position {
  readonly #dir: string;
  #number = 0;
  #offset = 0;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Everything that is there now and was not read yet. */
  async *read(): AsyncGenerator<LogLine> {
    for (const number of await listLogs(this.#dir)) {
      if (number < this.#number) continue;
      if (number > this.#number) {
        this.#number = number;
        this.#offset = 0;
      }
      yield* this.#readFile();
    }
  }

  async *#readFile(): AsyncGenerator<LogLine> {
    using file = await openIfThere(logPath(this.#dir, this.#number));
    if (file === undefined) return;
    await file.seek(this.#offset, Deno.SeekMode.Start);
    const chunk = new Uint8Array(CHUNK_BYTES);
    let held = 0;
    for (let count = await file.read(chunk); count !== null;) {
      const { lines, usedBytes } = decodeRecords(chunk.subarray(0, held + count));
      this.#offset += usedBytes;
      yield* lines;
      chunk.copyWithin(0, usedBytes, held + count);
      held += count - usedBytes;
      // A record is shorter than a chunk; what fills one without an end is no record.
      if (held === chunk.length) {
        this.#offset += held;
        held = 0;
      }
      count = await file.read(chunk.subarray(held));
    }
  }
}

async function openIfThere(path: string): Promise<Deno.FsFile | undefined> {
  try {
    return await Deno.open(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Wakes when files grow or the container changes; looks now and then in case it missed something. */
class Growth implements Disposable {
  readonly #subscription: Subscription;
  readonly #watcher: Deno.FsWatcher | undefined;
  #changes: AsyncIterator<Deno.FsEvent> | undefined;
  #next: Promise<void> | undefined;

  constructor({ dir, subscription }: LogSource) {
    this.#subscription = subscription;
    try {
      this.#watcher = Deno.watchFs(dir, { recursive: false });
      this.#changes = this.#watcher[Symbol.asyncIterator]();
    } catch {
      // Gone, or no watch is left: then reading finds out by looking.
    }
  }

  /** Resolves after a change, a while, or an abort. */
  async wait(signal: AbortSignal): Promise<void> {
    const cancel = new AbortController();
    const either = AbortSignal.any([signal, cancel.signal]);
    const changed = this.#subscription.next(this.#changes ? RECHECK_MS : POLL_MS, either);
    this.#next ??= this.#changes && this.#grown(this.#changes);
    await Promise.race(this.#next === undefined ? [changed] : [changed, this.#next]);
    cancel.abort();
    await changed;
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
  }

  async #grown(changes: AsyncIterator<Deno.FsEvent>): Promise<void> {
    const { done } = await changes.next().catch(() => ({ done: true }));
    this.#next = undefined;
    if (done) this.#changes = undefined;
  }
}
