/**
 * Daemons as the measurements use them: each must end well, or what it measured counts for nothing.
 */
import { type DaemonOptions, WarrenDaemon } from "../../tests/harness/warren.ts";

/** Runs `work` against a fresh daemon. @throws Error when the daemon does not end by itself and well */
export async function withDaemon<T>(
  options: DaemonOptions,
  work: (daemon: WarrenDaemon) => Promise<T>,
): Promise<T> {
  await using daemon = await WarrenDaemon.start(options);
  const result = await work(daemon);
  const code = await daemon.kill("SIGTERM");
  if (code === 0) return result;
  throw new Error(`the daemon ended with ${code}:\n${daemon.lines.slice(-5).join("\n")}`);
}
