/**
 * One daemon from its start to its end: takes the data directory, settles settings, and serves as a
 * manager or a worker until a signal.
 *
 * The only place that catches everything: whatever stops a daemon is one line in its log and an exit
 * code.
 */
import { realClock, WarrenError } from "../lib/mod.ts";
import { LogSink } from "../telemetry/mod.ts";
import { DataDir } from "./data_dir.ts";
import type { DaemonFlags, DaemonKind } from "./flags.ts";
import { dataDirPath, localSocketPath, machineName } from "./machine.ts";
import { serve } from "./serve.ts";
import { settleSettings } from "./settings.ts";
import { watchSignals } from "./signals.ts";
import { startManager } from "./start_manager.ts";
import { startWorker } from "./start_worker.ts";

/** Runs until SIGTERM, SIGINT or SIGHUP and answers with the exit code. */
export async function runDaemon(kind: DaemonKind, flags: DaemonFlags): Promise<number> {
  const sink = new LogSink({
    level: flags.logLevel,
    format: flags.logFormat ?? (Deno.stderr.isTerminal() ? "text" : "json"),
    hasColour: Deno.stderr.isTerminal() && !Deno.env.get("NO_COLOR"),
    clock: realClock,
    output: Deno.stderr,
  });
  const signals = watchSignals();
  try {
    const path = dataDirPath(flags.dataDir);
    if (kind === "resume") await refuseNothing(path);
    using dataDir = await DataDir.open(path);
    const settings = settleSettings(kind, flags, await dataDir.settings(), {
      dataDir: dataDir.path,
      machine: { hostname: machineName(), defaultSocket: localSocketPath() },
    });
    const starts = { manager: startManager, worker: startWorker };
    return await serve({ dataDir, sink, signals, clock: realClock, starts }, settings);
  } catch (thrown) {
    const error = WarrenError.from(thrown, "Cannot run the daemon");
    if (error.reason === "STOPPING") return 0;
    sink.log.error(error.message, { reason: error.reason, hint: error.hint, error: error.message });
    return error.code === "INVALID_ARGUMENT" ? 2 : 1;
  } finally {
    signals.release();
    await sink.flush(1_000);
  }
}

/** A directory that is not there is not made either. @throws WarrenError DATA_DIR_UNUSABLE */
async function refuseNothing(path: string): Promise<void> {
  const isThere = await Deno.stat(path).then(() => true, (error) => {
    // Whatever else is wrong with it is told when it is opened.
    return !(error instanceof Deno.errors.NotFound);
  });
  if (isThere) return;
  const hint = 'run "warren cluster init" for a new cluster, or "warren worker start" to join one';
  const message = `Nothing to resume in "${path}": there is no such directory`;
  throw new WarrenError("DATA_DIR_UNUSABLE", message, { hint });
}
