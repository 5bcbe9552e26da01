/**
 * Runs another program for a build step and turns its failure into one readable error.
 *
 * Called by the build steps that need npm, tar or deno itself. It keeps no output of a success. It also ends the
 * scripts themselves, so that a failed step shows its message and not a stack.
 */

/** Options of {@link run}. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What a program wrote to its standard output. @throws Error with the end of its messages on failure. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const [program, ...args] = argv;
  if (program === undefined) throw new Error("No program to run");
  const output = await new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { NO_COLOR: "1", ...options.env },
  }).output();
  const decoder = new TextDecoder();
  if (!output.success) {
    const words = decoder.decode(output.stderr).trim().split("\n").slice(-12).join("\n  ");
    throw new Error(`"${argv.join(" ")}" ended with code ${output.code}:\n  ${words}`);
  }
  return decoder.decode(output.stdout);
}

/** Ends this process with what `main` returns; an error is one line on stderr and code 1. */
export async function exitWith(main: () => Promise<number>): Promise<never> {
  try {
    Deno.exit(await main());
  } catch (error) {
    // deno-lint-ignore no-console
    console.error(`Error: ${error instanceof Error ? error.message : String(error)}`);
    Deno.exit(1);
  }
}
