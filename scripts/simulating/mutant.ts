/**
 * A copy of the consensus core and its simulator, in which one bug after another is planted and looked for.
 *
 * The hunt is a process of its own, so that a bug that breaks the simulator itself is noticed too.
 */
import type { Bug } from "../../tests/sim/bugs/bug.ts";
import { plant } from "../../tests/sim/bugs.ts";
import type { Hunt } from "../../tests/sim/hunt.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const SOURCES = ["src/lib", "src/raft", "tests/sim", "tests/sim/checks"];
/** Fewer runs than this may miss a mark by chance. */
const RUNS_FOR_MARKS = 300;

/** How long to look. */
export interface Search {
  readonly from: number;
  readonly to: number;
  /** Virtual seconds of a run. */
  readonly seconds: number;
  /** Real time for one bug. */
  readonly limitMs: number;
}

/** What a hunt for one bug came to: the first seed that broke a rule and which, or what else gave it away. */
export interface Finding {
  readonly seed: number | null;
  /** The broken rule; or the marks that became impossible; empty when the bug survived. */
  readonly by: string;
  /** The last seed that was run. */
  readonly last: number;
}

/** A folder with the sources. */
export class Copy implements AsyncDisposable {
  readonly #folder: string;

  constructor() {
    this.#folder = Deno.makeTempDirSync({ prefix: "warren-mutant-" });
    for (const source of SOURCES) {
      Deno.mkdirSync(`${this.#folder}/${source}`, { recursive: true });
      for (const { name, isFile } of Deno.readDirSync(`${ROOT}${source}`)) {
        if (!isFile || !name.endsWith(".ts") || name.endsWith("_test.ts")) continue;
        Deno.copyFileSync(`${ROOT}${source}/${name}`, `${this.#folder}/${source}/${name}`);
      }
    }
  }

  /** Plants `bug`, looks for it, and takes it out again. */
  async hunt(bug: Bug, search: Search): Promise<Finding> {
    const path = `src/raft/${bug.file}`;
    const source = Deno.readTextFileSync(ROOT + path);
    Deno.writeTextFileSync(`${this.#folder}/${path}`, plant(bug, source));
    try {
      return judge(await this.#run(search));
    } finally {
      Deno.writeTextFileSync(`${this.#folder}/${path}`, source);
    }
  }

  async #run({ from, to, seconds, limitMs }: Search): Promise<Hunt | string> {
    const script = `${this.#folder}/tests/sim/hunt.ts`;
    const args = [from, to, seconds, limitMs].map(String);
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--no-config", script, ...args],
      signal: AbortSignal.timeout(limitMs + 30_000),
    });
    const { stdout, stderr, success } = await command.output();
    if (success) return parseHunt(new TextDecoder().decode(stdout));
    // Empty when it was ended after its time: a machine that is busy is no proof of anything.
    return new TextDecoder().decode(stderr).trim().split("\n")[0] ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

function parseHunt(text: string): Hunt {
  return JSON.parse(text) as Hunt;
}

function judge(hunt: Hunt | string): Finding {
  if (typeof hunt === "string") return { seed: null, by: hunt, last: 0 };
  const { seed, rule, message, last, missing } = hunt;
  if (seed !== null) return { seed, by: nameOf(rule, message), last };
  // A bug that breaks no rule may make impossible what all other runs meet.
  const isJudged = last >= RUNS_FOR_MARKS && missing.length > 0;
  return { seed: null, by: isJudged ? `never met: ${missing.join("; ")}` : "", last };
}

function nameOf(rule: string, message: string): string {
  return rule === "BugError" ? `own assertion: ${message.replace("internal fault: ", "")}` : rule;
}
