/**
 * How to start a supervisor: the same executable again, told to supervise.
 *
 * Used by the runtime unless it is given another command. Run from its sources, the supervisor's
 * file is started directly; in a bundle or a compiled executable the program's own entry dispatches
 * `SUPERVISE_VERB`.
 */
import type { Clock } from "../../../lib/mod.ts";

/** First argument that turns the program into a supervisor; the second is the container's directory. */
export const SUPERVISE_VERB = "supervise-process";

/** Keeps the supervisor small: it has almost no work, but there is one for each process. */
const V8_FLAGS = "--v8-flags=--lite-mode,--max-lazy";
const RUN = ["run", "--allow-all", "--no-config", "--no-lock", "--cached-only", V8_FLAGS];

/** Program and arguments, to which the container's directory is added. */
export function supervisorCommand(): readonly string[] {
  const program = Deno.execPath();
  if (Deno.build.standalone) return [program, SUPERVISE_VERB];
  if (!import.meta.url.endsWith(".ts")) return [program, ...RUN, Deno.mainModule, SUPERVISE_VERB];
  return [program, ...RUN, new URL("./supervisor.ts", import.meta.url).href];
}

/** What the program's entry calls for `SUPERVISE_VERB`. */
export async function runSupervisor(dir: string, clock: Clock): Promise<void> {
  const { supervise } = await import("./supervisor.ts");
  await supervise(dir, clock);
}
