/**
 * Writes lines to an output that may be slow, stuck or closed, without ever making the caller wait.
 *
 * Called by the log sink. Lines wait in a buffer with a bound; when it is full, new ones are dropped
 * and counted, and a notice of the gap is written once there is room again. It does not format
 * anything. Invariant: at most one write is under way, and lines come out in the order they went in.
 */
import { type Clock, sleep, TaskGroup } from "../lib/mod.ts";

/** Where lines go: `Deno.stderr`, or a test's own. */
export interface LineOutput {
  /** Writes a part of `data` and tells how many bytes it took. */
  write(data: Uint8Array): Promise<number>;
}

/** Options of a {@link LineWriter}. */
export interface LineWriterOptions {
  /** Largest number of characters that wait; default 1 Mi. */
  readonly limitChars?: number;
  readonly clock: Clock;
  /** The line that tells of a gap of `dropped` lines. */
  readonly gapLine: (dropped: number) => string;
}

/** Largest number of characters that are handed to the output at once. */
const WRITE_CHARS = 64 * 1024;
/** Pause before another try when the output is non-blocking and full, in milliseconds. */
const FULL_PAUSE_MS = 20;

/** A bounded buffer of lines in front of an output. */
export class LineWriter {
  readonly #output: LineOutput;
  readonly #clock: Clock;
  readonly #limitChars: number;
  readonly #gapLine: (dropped: number) => string;
  readonly #encoder = new TextEncoder();
  readonly #tasks = new TaskGroup(() => this.#fail());
  #lines: string[] = [];
  #waitingChars = 0;
  #inFlight = 0;
  #gap = 0;
  #dropped = 0;
  #busy = false;
  #broken = false;
  #idle: (() => void)[] = [];

  constructor(output: LineOutput, options: LineWriterOptions) {
    this.#output = output;
    this.#clock = options.clock;
    this.#limitChars = options.limitChars ?? 1024 * 1024;
    this.#gapLine = options.gapLine;
  }

  /** Lines that were dropped since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Queues `line`, which ends with a line feed. Never waits and never throws. */
  write(line: string): void {
    if (this.#broken || this.#waitingChars + line.length > this.#limitChars) {
      this.#dropped++;
      this.#gap++;
      return;
    }
    if (this.#gap > 0) this.#closeGap();
    this.#push(line);
    if (this.#busy) return;
    this.#busy = true;
    this.#tasks.run("write log lines", () => this.#drain());
  }

  /** Resolves when all lines are written, or the output broke; rejects when `signal` aborts. */
  flush(signal: AbortSignal): Promise<void> {
    if (!this.#busy) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(signal.reason);
      if (signal.aborted) return onAbort();
      signal.addEventListener("abort", onAbort, { once: true });
      this.#idle.push(() => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      });
    });
  }

  #push(line: string): void {
    this.#lines.push(line);
    this.#waitingChars += line.length;
  }

  #closeGap(): void {
    const gap = this.#gap;
    this.#gap = 0;
    this.#push(this.#gapLine(gap));
  }

  async #drain(): Promise<void> {
    while (this.#lines.length > 0 && !this.#broken) {
      const text = this.#take();
      const data = this.#encoder.encode(text);
      for (let sent = 0; sent < data.length;) {
        sent += await this.#writePart(data.subarray(sent));
      }
      this.#inFlight = 0;
      this.#waitingChars -= text.length;
      if (this.#lines.length === 0 && this.#gap > 0) this.#closeGap();
    }
    this.#settle();
  }

  /** A shared terminal or pipe may be non-blocking; then "full" is an error to wait out. */
  async #writePart(data: Uint8Array): Promise<number> {
    try {
      const count = await this.#output.write(data);
      if (count <= 0) throw new Error("the output took nothing");
      return count;
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      await sleep(this.#clock, FULL_PAUSE_MS);
      return 0;
    }
  }

  #take(): string {
    let count = 0;
    let chars = 0;
    while (count < this.#lines.length && (count === 0 || chars < WRITE_CHARS)) {
      chars += this.#lines[count++]?.length ?? 0;
    }
    this.#inFlight = count;
    return this.#lines.splice(0, count).join("");
  }

  /** The output is gone for good: nothing can be said any more, so lines are only counted. */
  #fail(): void {
    this.#broken = true;
    this.#dropped += this.#lines.length + this.#inFlight;
    this.#lines = [];
    this.#waitingChars = 0;
    this.#settle();
  }

  #settle(): void {
    this.#busy = false;
    const waiting = this.#idle;
    this.#idle = [];
    for (const resolve of waiting) resolve();
  }
}
