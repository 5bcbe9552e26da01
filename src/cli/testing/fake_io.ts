/** A pretended process for tests of the command line: what is written is kept, nothing is real. */
import { ManualClock } from "../../lib/mod.ts";
import type { CliIo, StreamName } from "../io.ts";

/** What a test sets about its process. */
export interface FakeIoOptions {
  readonly program?: string;
  readonly terminals?: readonly StreamName[];
  readonly columns?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** The process and what it wrote. */
export interface FakeIo extends CliIo {
  readonly clock: ManualClock;
  readonly out: () => string;
  readonly err: () => string;
}

/** A process with nothing but what `options` say. */
export function fakeIo(options: FakeIoOptions = {}): FakeIo {
  const written = { stdout: "", stderr: "" };
  return {
    program: options.program ?? "warren",
    clock: new ManualClock(),
    write(stream, data) {
      written[stream] += typeof data === "string" ? data : new TextDecoder().decode(data);
    },
    isTerminal: (stream) => options.terminals?.includes(stream) === true,
    size: () => ({ columns: options.columns ?? 80, rows: 24 }),
    env: (name) => options.env?.[name],
    readStdin: () => Promise.resolve(new TextEncoder().encode(options.stdin ?? "")),
    readLine: () => Promise.resolve((options.stdin ?? "").split("\n")[0] ?? ""),
    out: () => written.stdout,
    err: () => written.stderr,
  };
}
