/**
 * The process around a command: its streams, terminal, environment and clock, as one interface, so
 * that commands run in tests without a process. `realIo` is the only place of the command line that
 * writes to the process's streams.
 *
 * Invariant: writes are synchronous and complete; a reader that went away is `PipeClosed`.
 */
import { type Clock, realClock } from "../lib/mod.ts";

/** The reader of stdout went away: the command ends without a word. */
export class PipeClosed extends Error {
  override name = "PipeClosed";
}

/** Which stream. */
export type StreamName = "stdin" | "stdout" | "stderr";

/** What a command may use of its process. */
export interface CliIo {
  /** Name the program was called by: `warren` or `wrn`. */
  readonly program: string;
  readonly clock: Clock;
  /** @throws PipeClosed */
  write(stream: "stdout" | "stderr", data: string | Uint8Array): void;
  isTerminal(stream: StreamName): boolean;
  /** Size of the terminal; 80 by 24 when there is none. */
  size(): { readonly columns: number; readonly rows: number };
  env(name: string): string | undefined;
  /** Everything from stdin. @throws WarrenError when it is larger than `maxBytes`. */
  readStdin(maxBytes: number): Promise<Uint8Array>;
  /** What is typed until the next line feed, cut to a bound; "" at the end of stdin. */
  readLine(): Promise<string>;
}

/** The real process. */
export const realIo: CliIo = {
  program: programName(),
  clock: realClock,
  write: writeAll,
  isTerminal: (stream) => Deno[stream].isTerminal(),
  size: terminalSize,
  env: (name) => Deno.env.get(name),
  readStdin: readAll,
  readLine,
};

/** The packaged file sets WARREN_ARGV0, since the runtime does not tell how it was called. */
function programName(): string {
  const called = Deno.env.get("WARREN_ARGV0") ?? "";
  return called.split("/").at(-1) === "wrn" ? "wrn" : "warren";
}

function terminalSize(): { columns: number; rows: number } {
  try {
    const { columns, rows } = Deno.consoleSize();
    if (columns > 0 && rows > 0) return { columns, rows };
  } catch {
    // Not a terminal; the default below is what pipes get.
  }
  return { columns: 80, rows: 24 };
}

function writeAll(stream: "stdout" | "stderr", data: string | Uint8Array): void {
  let bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(Deno[stream].writeSync(bytes));
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) throw new PipeClosed();
      // A terminal that another program set to non-blocking mode: its reader empties it soon.
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** Characters of a typed line that count. */
const MAX_LINE_BYTES = 1_000;

/** Byte by byte: what follows the line is not ours. */
async function readLine(): Promise<string> {
  const line: number[] = [];
  const byte = new Uint8Array(1);
  while (await Deno.stdin.read(byte) !== null) {
    const [code = 10] = byte;
    if (code === 10) break;
    if (line.length < MAX_LINE_BYTES) line.push(code);
  }
  return new TextDecoder().decode(Uint8Array.from(line));
}

async function readAll(maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of Deno.stdin.readable) {
    parts.push(part);
    size += part.length;
    if (size <= maxBytes) continue;
    const { usageError } = await import("./parse/usage.ts");
    throw usageError(`Cannot read stdin: it has more than ${maxBytes} bytes`);
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
