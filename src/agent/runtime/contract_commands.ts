/**
 * Commands that the contract suite runs, by what they do; each runtime is told them in its own words.
 *
 * `SHELL_COMMANDS` suit anything with a POSIX shell; the fake has its own in `fake_program.ts`.
 */

/** What the suite needs a container to do. */
export interface ContractCommands {
  /** Runs until stopped, then exits with 0. */
  readonly run: readonly string[];
  /** Runs and ignores the stop signal. */
  readonly ignoreStop: readonly string[];
  /** Runs until SIGUSR1, then exits with 7. */
  readonly stopOnUsr1: readonly string[];
  exitWith(code: number): readonly string[];
  /** Prints `out` on stdout, then `err` on stderr, then exits with 0. */
  print(out: string, err: string): readonly string[];
  /** Prints `out`, then runs until stopped. */
  printAndRun(out: string): readonly string[];
  /** Prints the value of an environment variable and exits. */
  printEnv(name: string): readonly string[];
  /** Prints what a file holds and exits. */
  printFile(path: string): readonly string[];
  /** Takes memory until it is stopped by a limit of 32 MiB. */
  readonly eatMemory: readonly string[];
  /** Names a program that is nowhere. */
  readonly missing: readonly string[];
  /** Copies its input to its output until the input ends. */
  readonly copy: readonly string[];
}

/** The commands for runtimes that have `/bin/sh`. */
export const SHELL_COMMANDS: ContractCommands = {
  run: sh("trap 'exit 0' TERM; sleep 1000 & wait"),
  ignoreStop: sh("trap '' TERM; while true; do sleep 1; done"),
  stopOnUsr1: sh("trap '' TERM; trap 'exit 7' USR1; while true; do sleep 0.05; done"),
  exitWith: (code) => sh(`exit ${code}`),
  print: (out, err) => sh(`echo ${out}; sleep 0.05; echo ${err} >&2`),
  printAndRun: (out) => sh(`echo ${out}; trap 'exit 0' TERM; sleep 1000 & wait`),
  printEnv: (name) => sh(`echo "$${name}"`),
  printFile: (path) => sh(`cat ${path}`),
  eatMemory: sh("a=xxxxxxxxxxxxxxxx; while true; do a=$a$a; done"),
  missing: ["/no/such/program"],
  copy: ["cat"],
};

function sh(script: string): readonly string[] {
  return ["/bin/sh", "-c", script];
}
