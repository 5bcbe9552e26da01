/**
 * The little language of the fake runtime: what a fake container does, written as its command.
 *
 * Words are done in order: `print TEXT`, `warn TEXT` (stderr), `env NAME` (prints a variable),
 * `sleep MS`, `exit CODE`, `oom`, `ignore-stop`, `stop-on SIGNAL CODE`, `copy` (exec only: input to
 * output), `missing` (cannot be started). After the last word, or at an unknown one, the container
 * runs until stopped. Images: `absent/…`, `denied/…` and `unreachable/…` cannot be pulled, `slow/…`
 * takes a minute; every other is present.
 */
import type { ContractCommands } from "./contract_commands.ts";

/** One thing a fake container does. */
export type FakeStep =
  | { readonly kind: "print"; readonly stream: "stdout" | "stderr"; readonly text: string }
  | { readonly kind: "env"; readonly name: string }
  | { readonly kind: "sleep"; readonly delayMs: number }
  | { readonly kind: "exit"; readonly code: number }
  | { readonly kind: "copy" }
  | { readonly kind: "oom" };

/** What a command means. */
export interface FakeProgram {
  readonly steps: readonly FakeStep[];
  /** The exit code for each stop signal; a signal that is not named here is ignored. */
  readonly exitCodeBySignal: Readonly<Record<string, number>>;
  readonly isMissing: boolean;
}

/** Reads a command. Anything that is not of the language runs until stopped. */
export function parseFakeProgram(command: readonly string[]): FakeProgram {
  const steps: FakeStep[] = [];
  let exitCodeBySignal: Record<string, number> = { SIGTERM: 0, SIGINT: 0, SIGQUIT: 0 };
  let isMissing = false;
  const words = command.values();
  const next = () => words.next().value ?? "";
  for (const word of words) {
    if (word === "print") steps.push({ kind: "print", stream: "stdout", text: next() });
    else if (word === "warn") steps.push({ kind: "print", stream: "stderr", text: next() });
    else if (word === "env") steps.push({ kind: "env", name: next() });
    else if (word === "sleep") steps.push({ kind: "sleep", delayMs: Number(next()) || 0 });
    else if (word === "exit") steps.push({ kind: "exit", code: Number(next()) || 0 });
    else if (word === "copy") steps.push({ kind: "copy" });
    else if (word === "oom") steps.push({ kind: "oom" });
    else if (word === "ignore-stop") exitCodeBySignal = {};
    else if (word === "stop-on") exitCodeBySignal = { [next()]: Number(next()) || 0 };
    else if (word === "missing") isMissing = true;
    else break;
  }
  return { steps, exitCodeBySignal, isMissing };
}

/** The contract suite's commands in this language. */
export const FAKE_COMMANDS: ContractCommands = {
  run: ["run"],
  ignoreStop: ["ignore-stop"],
  stopOnUsr1: ["stop-on", "SIGUSR1", "7"],
  exitWith: (code) => ["exit", String(code)],
  print: (out, err) => ["print", out, "sleep", "2", "warn", err, "exit", "0"],
  printAndRun: (out) => ["print", out],
  printEnv: (name) => ["env", name, "exit", "0"],
  printFile: () => ["exit", "0"],
  eatMemory: ["oom"],
  missing: ["missing"],
  copy: ["copy", "exit", "0"],
};
