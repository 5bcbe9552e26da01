/**
 * The input side of `exec`: what is typed or piped in, and the size of the terminal, as requests.
 *
 * One part of at most 32 KiB is on its way at a time, so a large file does not pile up in memory.
 */
import { loadBufferWrap } from "../buffer.ts";
import type { CliIo } from "../io.ts";
import type { ExecRequest, ExecStart } from "../../client/wire/mod.ts";

const PART_BYTES = 32 * 1024;

/** What the requests are made from. */
export interface ExecInput {
  readonly start: ExecStart;
  readonly io: CliIo;
  /** Aborted when the command has ended. */
  readonly signal: AbortSignal;
}

/** Whether this process has a terminal to lend. */
export function isTerminalReady(io: CliIo, hasStdin: boolean): boolean {
  return io.isTerminal("stdout") && (!hasStdin || io.isTerminal("stdin"));
}

/** Passes keys on as they are, until disposed. */
export function rawInput(isRaw: boolean): Disposable {
  if (isRaw) Deno.stdin.setRaw(true);
  return {
    [Symbol.dispose]() {
      if (isRaw) Deno.stdin.setRaw(false);
    },
  };
}

/** The start, then input and changes of size as they come; ends when the command has. */
export async function* stdinRequests(input: ExecInput): AsyncGenerator<ExecRequest> {
  const { start, io, signal } = input;
  const wrap = await loadBufferWrap();
  yield { kind: { $case: "start", value: start } };
  const queue: ExecRequest[] = [];
  let wake = () => {};
  const stopped = () => wake();
  const onResize = () => {
    const { columns, rows } = io.size();
    // Only the newest size matters.
    const at = queue.findIndex(({ kind }) => kind?.$case === "resize");
    if (at >= 0) queue.splice(at, 1);
    queue.push({ kind: { $case: "resize", value: { columns, rows } } });
    wake();
  };
  if (start.tty) Deno.addSignalListener("SIGWINCH", onResize);
  signal.addEventListener("abort", stopped, { once: true });
  let reading = start.stdin ? readPart() : null;
  try {
    while (!signal.aborted) {
      const next = queue.shift();
      if (next !== undefined) {
        yield next;
        continue;
      }
      const woken = new Promise<"woken">((resolve) => wake = () => resolve("woken"));
      const part = await (reading === null ? woken : Promise.race([reading, woken]));
      if (part === "woken") continue;
      if (part === null) {
        reading = null;
        yield { kind: { $case: "stdinEnd", value: true } };
      } else {
        yield { kind: { $case: "stdin", value: wrap(part) } };
        reading = readPart();
      }
    }
  } finally {
    signal.removeEventListener("abort", stopped);
    if (start.tty) Deno.removeSignalListener("SIGWINCH", onResize);
  }
}

/** The next part of standard input; `null` at its end. */
async function readPart(): Promise<Uint8Array | null> {
  const buffer = new Uint8Array(PART_BYTES);
  const size = await Deno.stdin.read(buffer);
  return size === null ? null : buffer.slice(0, size);
}
