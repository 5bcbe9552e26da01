/**
 * An interactive shell on a terminal of its own, driven by keys.
 *
 * Used by the completion tests. What the shell's line holds is read through a key that writes it to a file,
 * so nothing depends on how the shell draws. The terminal comes from `script`, which every Linux has.
 */
import { until } from "./warren.ts";

const TAB = "\t";
/** Bound to "write the line to the file". */
const DUMP_KEY = "\x07";
/** Clears the line. */
const CLEAR_KEY = "\x15";

/** How a shell is started. */
export interface ShellOptions {
  /** Command line of the shell, for instance `bash --norc -i`. */
  readonly shell: string;
  /** Commands that set the shell up; `$OUT` names the file that the dump key appends to. */
  readonly setUp: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A running shell. */
export class Terminal implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<string>;
  readonly #out: string;

  private constructor(child: Deno.ChildProcess, out: string) {
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    this.#reading = new Response(child.stdout).text();
    this.#out = out;
  }

  /** Starts the shell and waits until it is set up. */
  static async start({ shell, setUp, cwd, env }: ShellOptions): Promise<Terminal> {
    const out = await Deno.makeTempFile({ prefix: "warren-line-" });
    const child = new Deno.Command("script", {
      args: ["-qefc", shell, "/dev/null"],
      cwd,
      env: { ...env, OUT: out, TERM: "xterm", PS1: "$ " },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const terminal = new Terminal(child, out);
    for (const line of setUp) await terminal.#type(`${line}\n`);
    await terminal.#type("echo ready >>$OUT\n");
    await until("the shell to be set up", async () => (await terminal.#lines()).includes("ready"));
    return terminal;
  }

  /** The line after `text` and the completion key. */
  async complete(text: string): Promise<string> {
    const before = (await this.#lines()).length;
    await this.#type(text + TAB + DUMP_KEY + CLEAR_KEY);
    const line = await until(`the completion of ${text}`, async () => {
      return (await this.#lines())[before];
    });
    return line;
  }

  async #lines(): Promise<readonly string[]> {
    return (await Deno.readTextFile(this.#out)).split("\n").slice(0, -1);
  }

  async #type(text: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(text));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#type("\nexit\n");
    await this.#writer.close();
    await this.#child.status;
    await this.#reading;
    await Deno.remove(this.#out);
  }
}
