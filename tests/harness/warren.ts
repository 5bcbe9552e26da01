/**
 * Starts the built program as a user would and talks to it through its command line.
 *
 * Used by the integration and e2e tests and by the load scripts. `WARREN_BIN` names the executable;
 * without it the file in `dist/` is taken, and without that the source. Everything lives in a
 * temporary directory; `await using` stops what was started and removes it.
 */

/** What the daemon's ready line carries. */
export interface Ready {
  readonly node_id: string;
  readonly listen_addr: string;
  readonly metrics_addr: string;
  readonly socket: string;
}

/** What a finished command left. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a daemon is started. */
export interface DaemonOptions {
  /** Words after the program's name; `cluster init` unless given. */
  readonly command?: readonly string[];
  /** Further flags. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** An existing directory, which is then kept. */
  readonly dir?: string;
  /** Words before the program, of something that becomes it: `setpriv`, `nice`. */
  readonly prefix?: readonly string[];
}

const root = new URL("../../", import.meta.url).pathname;

/** The words that start the program. */
export function warrenCommand(): readonly [string, ...string[]] {
  const given = Deno.env.get("WARREN_BIN");
  if (given) return [given];
  const arch = Deno.build.arch === "aarch64" ? "arm64" : "amd64";
  const built = `${root}dist/warren-${Deno.build.os}-${arch}`;
  if (exists(built)) return [built];
  return [Deno.execPath(), "run", "-A", "--quiet", `${root}main.ts`];
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Runs the program to its end; `input` is its standard input. */
export async function runWarren(
  args: readonly string[],
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly input?: string | Uint8Array;
  } = {},
): Promise<Finished> {
  const [program, ...before] = warrenCommand();
  const child = new Deno.Command(program, {
    args: [...before, ...args],
    env: { NO_COLOR: "1", ...options.env },
    stdin: options.input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (options.input !== undefined) {
    await feed(child.stdin, options.input);
  }
  const { code, stdout, stderr } = await child.output();
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

/** Writes `input` to its end, or as far as the program wants to read. */
async function feed(stdin: WritableStream<Uint8Array>, input: string | Uint8Array): Promise<void> {
  const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
  const writer = stdin.getWriter();
  try {
    await writer.write(bytes);
    await writer.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Workers have no Raft listener, and a directory that is resumed remembers its own. */
function isManager(command: readonly string[] = ["cluster", "init"]): boolean {
  return ["cluster init", "manager join"].includes(command.slice(0, 2).join(" "));
}

/** A running daemon. */
export class WarrenDaemon implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  readonly #keepDir: boolean;
  readonly dir: string;
  readonly ready: Ready;
  /** The daemon's log lines so far. */
  readonly lines: string[];

  private constructor(
    parts: { child: Deno.ChildProcess; reading: Promise<void>; dir: string; keepDir: boolean },
    ready: Ready,
    lines: string[],
  ) {
    this.#child = parts.child;
    this.#reading = parts.reading;
    this.#keepDir = parts.keepDir;
    this.dir = parts.dir;
    this.ready = ready;
    this.lines = lines;
  }

  /** Starts a daemon on ports of its own and waits for its ready line. */
  static async start(options: DaemonOptions = {}): Promise<WarrenDaemon> {
    const dir = options.dir ?? await Deno.makeTempDir({ prefix: "warren-test-" });
    const [program = "", ...before] = [...(options.prefix ?? []), ...warrenCommand()];
    const child = new Deno.Command(program, {
      args: [
        ...before,
        ...(options.command ?? ["cluster", "init"]),
        ...["--data-dir", `${dir}/data`, "--log-format", "json"],
        ...(isManager(options.command)
          ? unlessGiven("--raft-addr", "127.0.0.1:0", options.flags)
          : []),
        ...unlessGiven("--socket", `${dir}/warren.sock`, options.flags),
        ...unlessGiven("--listen-addr", "127.0.0.1:0", options.flags),
        ...unlessGiven("--metrics-addr", "127.0.0.1:0", options.flags),
        ...(options.flags ?? []),
      ],
      env: { NO_COLOR: "1", ...options.env },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const lines: string[] = [];
    const watch = watchLines(child.stderr, lines);
    const ready = await watch.ready;
    if (!ready) {
      const { code } = await child.status;
      await watch.done;
      throw new Error(`the daemon ended with ${code} before it was ready:\n${lines.join("\n")}`);
    }
    const parts = { child, reading: watch.done, dir, keepDir: options.dir !== undefined };
    return new WarrenDaemon(parts, ready, lines);
  }

  /** Where its command line finds it. */
  get host(): string {
    return `unix://${this.ready.socket}`;
  }

  /** Its process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Runs a client command against this daemon. */
  run(args: readonly string[], input?: string | Uint8Array): Promise<Finished> {
    return runWarren(args, { env: { WARREN_HOST: this.host }, input });
  }

  /** Runs a client command that must succeed, and parses its JSON. */
  // deno-lint-ignore no-explicit-any
  async json(args: readonly string[], input?: string): Promise<any> {
    const done = await this.run([...args, "-o", "json"], input);
    if (done.code !== 0) throw new Error(`warren ${args.join(" ")}: ${done.code}\n${done.stderr}`);
    return JSON.parse(done.stdout);
  }

  /** Waits until it ends by itself; returns the exit code. */
  async ended(): Promise<number> {
    const { code } = await this.#child.status;
    await this.#reading;
    return code;
  }

  /** Sends a signal and waits for the end; returns the exit code. */
  async kill(signal: Deno.Signal): Promise<number> {
    try {
      this.#child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
    const { code } = await this.#child.status;
    await this.#reading;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill("SIGTERM");
    if (!this.#keepDir) await Deno.remove(this.dir, { recursive: true });
  }
}

function unlessGiven(flag: string, value: string, flags: readonly string[] = []): string[] {
  return flags.includes(flag) ? [] : [flag, value];
}

function watchLines(stream: ReadableStream<Uint8Array>, lines: string[]) {
  let tell: (ready: Ready | null) => void = () => {};
  const ready = new Promise<Ready | null>((resolve) => tell = resolve);
  const done = (async () => {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      for (const line of parts) {
        lines.push(line);
        if (line.includes('"message":"ready"')) tell(JSON.parse(line) as Ready);
      }
    }
    if (rest) lines.push(rest);
    tell(null);
  })();
  return { ready, done };
}

/** Asks `probe` again until it gives something, at most `timeoutMs`; for what has no watch. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  timeoutMs = 30_000,
): Promise<T> {
  const endMs = performance.now() + timeoutMs;
  while (true) {
    const found = await probe();
    if (found !== undefined && found !== false) return found as T;
    if (performance.now() > endMs) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
