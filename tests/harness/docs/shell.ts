/**
 * A reader at a prompt: types the blocks of a page one after the other into bash, in one directory, with one
 * environment, and keeps daemons running in terminals of their own.
 *
 * Used by the tests of the documentation. `await using` sends Ctrl-C to what still runs.
 */
import { type DocStep, outputDifference, parseDoc } from "./blocks.ts";

/** How a page is read. */
export interface ReaderOptions {
  /** Where the commands are typed; the home directory is `home` below it. */
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  /** What is typed instead of what the page has, to keep the test away from the rest of the machine. */
  readonly instead?: readonly (readonly [from: string, to: string])[];
  /** Names that the page uses for this machine's own. */
  readonly names?: Readonly<Record<string, string>>;
}

const BLOCK_TIMEOUT_MS = 90_000;
const READY = '"message":"ready"';

interface Job {
  readonly child: Deno.ChildProcess;
  readonly reading: Promise<void>;
  readonly lines: string[];
}

/** A person who does what a page says. */
export class Reader implements AsyncDisposable {
  readonly #options: ReaderOptions;
  readonly #jobs: Job[] = [];
  readonly #nodeIds = new Set<string>();

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** Ids of the nodes that were started, by which their containers can be told. */
  get nodeIds(): ReadonlySet<string> {
    return this.#nodeIds;
  }

  /** Does everything on a page. @throws Error with the block that failed and all that was said */
  async read(path: string): Promise<void> {
    const steps = parseDoc(await Deno.readTextFile(path));
    if (steps.every(({ kind }) => kind === "not")) throw new Error(`${path}: nothing to run`);
    for (const step of steps) {
      const fault = await this.#do(step);
      if (fault === undefined) continue;
      const logs = this.#jobs.map(({ lines }) => lines.slice(-15).join("\n")).join("\n--\n");
      throw new Error(
        `${path}:${step.line}: ${fault}\n--- the block\n${step.text}\n--- daemons\n${logs}`,
      );
    }
  }

  async #do(step: DocStep): Promise<string | undefined> {
    switch (step.kind) {
      case "not":
        return undefined;
      case "interrupt":
        return await this.#interrupt();
      case "background":
        return await this.#start(this.#typed(step.text));
      case "run":
        return await this.#run(step);
    }
  }

  #typed(text: string): string {
    return (this.#options.instead ?? []).reduce((typed, [from, to]) => {
      return typed.replaceAll(from, to);
    }, text);
  }

  async #run(step: DocStep): Promise<string | undefined> {
    const { code, stdout, stderr } = await this.#bash(this.#typed(step.text)).output();
    const [out, err] = [decode(stdout), decode(stderr)];
    const said = `\n--- stdout\n${out}--- stderr\n${err}`;
    if (code !== step.exitCode) return `exit code ${code} instead of ${step.exitCode}${said}`;
    const shown = Object.entries(this.#options.names ?? {}).reduce(
      (text, [own, page]) => text.replace(new RegExp(`\\b${RegExp.escape(own)}\\b`, "g"), page),
      out,
    );
    const difference = step.expected === undefined
      ? undefined
      : outputDifference(step.expected, shown);
    return difference === undefined ? undefined : `${difference}${said}`;
  }

  /** What one block leaves in the environment is there for the next. */
  #bash(text: string): Deno.Command {
    const { dir, env } = this.#options;
    const state = `${dir}/state`;
    const script = `[ ! -f '${state}' ] || . '${state}'\n` +
      `trap 'code=$?; { export -p; printf "cd %q\\n" "$PWD"; } >"${state}"; exit $code' EXIT\n` +
      `set -e -o pipefail\n${text}\n`;
    return new Deno.Command("timeout", {
      args: ["--foreground", String(BLOCK_TIMEOUT_MS / 1_000), "bash", "-c", script],
      cwd: dir,
      clearEnv: true,
      env: { HOME: `${dir}/home`, NO_COLOR: "1", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  }

  async #start(text: string): Promise<string | undefined> {
    const { dir, env } = this.#options;
    const script = `. '${dir}/state' 2>/dev/null || true\nexec ${text}\n`;
    const child = new Deno.Command("bash", {
      args: ["-c", script],
      cwd: dir,
      clearEnv: true,
      env: { HOME: `${dir}/home`, ...env },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const lines: string[] = [];
    const { promise: ready, resolve } = Promise.withResolvers<boolean>();
    const reading = (async () => {
      for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
        lines.push(...text.split("\n").filter((line) => line !== ""));
        for (const [, id = ""] of text.matchAll(/"node_id":"(\w+)"/g)) this.#nodeIds.add(id);
        if (text.includes(READY)) resolve(true);
      }
      resolve(false);
    })();
    this.#jobs.push({ child, reading, lines });
    return await ready ? undefined : "the daemon ended before it was ready";
  }

  async #interrupt(): Promise<string | undefined> {
    const job = this.#jobs.pop();
    if (job === undefined) return "nothing runs that could be interrupted";
    try {
      job.child.kill("SIGINT");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
    const { code } = await job.child.status;
    await job.reading;
    return code === 0 ? undefined : `the daemon ended with ${code}\n${job.lines.join("\n")}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    while (this.#jobs.length > 0) await this.#interrupt();
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
