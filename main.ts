/**
 * The program's entry: hands the arguments to the command line and exits with its code.
 *
 * It has no static import besides the command line's thin front, because every module read here is
 * paid for by `warren version` and by each completion. The one other thing it can be is the
 * supervisor of a host process, which the process runtime starts from this same file.
 */
import { runCli } from "./src/cli/main.ts";

async function main(args: readonly string[]): Promise<number> {
  const [verb, dir] = args;
  if (verb !== "supervise-process" || dir === undefined) return await runCli(args);
  const { runSupervisor } = await import("./src/agent/runtime/process/supervisor_command.ts");
  const { realClock } = await import("./src/lib/mod.ts");
  await runSupervisor(dir, realClock);
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
