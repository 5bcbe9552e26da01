/** A command of the program that goes on until it is interrupted, and its lines so far. */
import { warrenCommand } from "./warren.ts";

/** A following command. `await using` interrupts it as Ctrl-C does. */
export class Following implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<unknown>;
  /** What it printed, in whole lines. */
  readonly lines: string[] = [];
  /** What it said beside that. */
  readonly notes: string[] = [];
  #hasEnded = false;

  /** Starts `args` against the managers at `host`. */
  constructor(host: string, args: readonly string[]) {
    const [program, ...before] = warrenCommand();
    this.#child = new Deno.Command(program, {
      args: [...before, ...args],
      env: { NO_COLOR: "1", WARREN_HOST: host },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#reading = Promise.all([
      readLines(this.#child.stdout, this.lines),
      readLines(this.#child.stderr, this.notes),
    ]);
  }

  /** Interrupts it, or finds it ended; gives its exit code. */
  async interrupt(): Promise<number> {
    if (!this.#hasEnded) {
      try {
        this.#child.kill("SIGINT");
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // it has ended already
      }
    }
    const { code } = await this.#child.status;
    this.#hasEnded = true;
    await this.#reading;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.interrupt();
  }
}

async function readLines(stream: ReadableStream<Uint8Array>, lines: string[]): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
  }
  if (rest) lines.push(rest);
}
