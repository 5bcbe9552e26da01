/**
 * The program's entry: hands the arguments to the command line and exits with its code.
 *
 * It has no static import besides the command line's thin front, because every module read here is
 * paid for by `warren version` and by each completion. The other things it can be are the supervisor
 * of a host process, which the process runtime starts from this same file, and a thread of a manager.
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

/** The name of the thread that this is; null for the main one. */
function threadName(): string | null {
  return "WorkerGlobalScope" in globalThis ? String(Reflect.get(globalThis, "name")) : null;
}

if (import.meta.main) {
  const thread = threadName();
  if (thread === null) Deno.exit(await main(Deno.args));
  const { runWorker } = await import("./src/manager/start_worker.ts");
  await runWorker(thread);
}
