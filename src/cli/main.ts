/**
 * The thin front of the command line. Called by the program's entry.
 *
 * `version` is answered here, before anything else is loaded; the rest is in `program.ts`.
 */
import { VERSION } from "../lib/mod.ts";

/** Runs one command line and answers with its exit code. Never throws. */
export async function runCli(args: readonly string[]): Promise<number> {
  const [first] = args;
  if (args.length === 1 && (first === "version" || first === "--version" || first === "-v")) {
    Deno.stdout.writeSync(new TextEncoder().encode(`warren ${VERSION}\n`));
    return 0;
  }
  const { realIo } = await import("./io.ts");
  const { runProgram } = await import("./program.ts");
  return await runProgram(args, realIo);
}
