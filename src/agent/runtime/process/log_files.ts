/**
 * Output on disk: numbered files, the newest appended to, old ones deleted.
 *
 * One writer (the supervisor) and any number of readers (the runtime). Invariant: a container's
 * output takes no more than `KEPT_FILES` times `MAX_FILE_BYTES`, and a full disk costs lines, never
 * the process that prints them.
 */
import { type Clock, wallMs } from "../../../lib/mod.ts";
import type { LogLine } from "../runtime.ts";
import { encodeRecords } from "./log_format.ts";
import { removeIfThere } from "./records.ts";

/** A file is closed when it has grown beyond this, in bytes. */
export const MAX_FILE_BYTES = 5 * 1024 * 1024;
/** Files that are kept, the one being written included. */
export const KEPT_FILES = 2;

/** The path of the file with that number. */
export function logPath(dir: string, number: number): string {
  return `${dir}/output.${number}.log`;
}

/** Numbers of the files in `dir`, oldest first. */
export async function listLogs(dir: string): Promise<number[]> {
  const numbers: number[] = [];
  try {
    for await (const { name } of Deno.readDir(dir)) {
      const digits = /^output\.(\d+)\.log$/.exec(name)?.[1];
      if (digits !== undefined) numbers.push(Number(digits));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return numbers.sort((a, b) => a - b);
}

/** Appends lines. Blocks while it writes: a supervisor has nothing else to do. */
export class LogWriter implements Disposable {
  readonly #dir: string;
  readonly #clock: Clock;
  readonly #maxFileBytes: number;
  #number: number;
  #file: Deno.FsFile;
  #sizeBytes: number;
  #lostLines = 0;

  private constructor(dir: string, clock: Clock, options: { number: number; maxBytes: number }) {
    this.#dir = dir;
    this.#clock = clock;
    this.#number = options.number;
    this.#maxFileBytes = options.maxBytes;
    this.#file = openForAppend(dir, options.number);
    this.#sizeBytes = this.#file.statSync().size;
  }

  /** Continues with the newest file of `dir`. */
  static async open(dir: string, clock: Clock, maxBytes = MAX_FILE_BYTES): Promise<LogWriter> {
    return new LogWriter(dir, clock, { number: (await listLogs(dir)).at(-1) ?? 1, maxBytes });
  }

  /** Writes `lines` as read just now. Lines that do not fit on the disk are counted and told later. */
  async write(stream: LogLine["stream"], lines: readonly Uint8Array[]): Promise<void> {
    if (lines.length === 0) return;
    if (this.#sizeBytes >= this.#maxFileBytes) await this.#rotate();
    const now = wallMs(this.#clock.wallNow());
    if (this.#lostLines > 0) {
      const notice = `warren: ${this.#lostLines} lines were lost: the disk was full`;
      if (!this.#append(encodeRecords("stderr", now, [new TextEncoder().encode(notice)]))) {
        this.#lostLines += lines.length;
        return;
      }
      this.#lostLines = 0;
    }
    if (!this.#append(encodeRecords(stream, now, lines))) this.#lostLines += lines.length;
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  #append(records: Uint8Array): boolean {
    try {
      for (let sent = 0; sent < records.length;) {
        const count = this.#file.writeSync(records.subarray(sent));
        sent += count;
        this.#sizeBytes += count;
      }
      return true;
    } catch {
      // Told in the output itself once there is room, since nobody reads a supervisor's errors.
      return false;
    }
  }

  async #rotate(): Promise<void> {
    try {
      const next = openForAppend(this.#dir, this.#number + 1);
      this.#file.close();
      this.#file = next;
      this.#number++;
      this.#sizeBytes = 0;
      await removeIfThere(logPath(this.#dir, this.#number - KEPT_FILES));
    } catch {
      // A disk too full for another file is too full for more lines: those are counted.
    }
  }
}

function openForAppend(dir: string, number: number): Deno.FsFile {
  return Deno.openSync(logPath(dir, number), { append: true, create: true, mode: 0o600 });
}
