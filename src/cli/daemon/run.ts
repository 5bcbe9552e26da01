/**
 * Hands over to a daemon. The only place of the command line that loads the daemon's code.
 */
import type { DaemonFlags, DaemonKind } from "../../daemon/mod.ts";

/** Runs a daemon until it is told to stop, and answers with its exit code. */
export async function startDaemon(kind: DaemonKind, flags: DaemonFlags): Promise<number> {
  const { runDaemon } = await import("../../daemon/mod.ts");
  return await runDaemon(kind, flags);
}
