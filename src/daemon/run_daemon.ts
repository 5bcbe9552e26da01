/**
 * One daemon from its start to its end: takes the data directory, settles settings, starts a manager
 * or a worker, waits for a signal, stops.
 *
 * The only place that catches everything: whatever stops a daemon is one line in its log and an exit
 * code.
 */
import { realClock, VERSION, WarrenError } from "../lib/mod.ts";
import { LogSink } from "../telemetry/mod.ts";
import { DataDir } from "./data_dir.ts";
import type { RunningDaemon } from "./running_daemon.ts";
import type { DaemonFlags, DaemonKind } from "./flags.ts";
import { dataDirPath, localSocketPath, machineName } from "./machine.ts";
import { savedPart, type Settings, settleSettings } from "./settings.ts";
import { type Signals, watchSignals } from "./signals.ts";
import { startManager } from "./start_manager.ts";
import { startWorker } from "./start_worker.ts";

/** How long a graceful stop may take before the process ends all the same, in milliseconds. */
const STOP_MS = 20_000;

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
    return await serve(dataDir, settings, { sink, signals });
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

async function serve(
  dataDir: DataDir,
  settings: Settings,
  { sink, signals }: { readonly sink: LogSink; readonly signals: Signals },
): Promise<number> {
  const { log } = sink;
  const start = settings.kind === "manager" ? startManager : startWorker;
  const starting = new AbortController();
  void signals.first.then(() => starting.abort(new WarrenError("STOPPING", "told to stop")));
  const daemon = await Promise.race([
    start({ dataDir, settings, log, signal: starting.signal }),
    signals.second,
  ]);
  if (typeof daemon === "string") {
    log.warn("was told twice to stop: ending in the middle of the start", { signal: daemon });
    return 1;
  }
  await dataDir.saveSettings(savedPart(settings));
  announce(sink, daemon);
  const outcome = await Promise.race([daemon.failed, signals.first]);
  if (outcome instanceof WarrenError) {
    const { message, reason, hint } = outcome;
    log.error("cannot go on", { error: message, reason, hint });
  }
  if (typeof outcome === "string") log.info("stopping", { signal: outcome });
  const hasStopped = await within(STOP_MS, daemon[Symbol.asyncDispose](), signals.second);
  if (!hasStopped) log.warn("did not stop in time: ending all the same");
  return outcome instanceof WarrenError || !hasStopped ? 1 : 0;
}

/** The ready line is a contract with whoever started the daemon: no level leaves it out. */
function announce(sink: LogSink, daemon: RunningDaemon): void {
  const { level } = sink;
  if (level !== "debug") sink.level = "info";
  sink.log.info("ready", {
    node_id: daemon.nodeId,
    listen_addr: daemon.listenAddr,
    metrics_addr: daemon.metricsAddr,
    socket: daemon.socket,
    version: VERSION,
  });
  sink.level = level;
}

/** Whether `work` ended within the time and before the second signal. */
async function within(
  limitMs: number,
  work: PromiseLike<void>,
  hurry: Promise<unknown>,
): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const cancel = realClock.after(limitMs, () => late.resolve(false));
  const hasEnded = await Promise.race([
    Promise.resolve(work).then(() => true),
    hurry.then(() => false),
    late.promise,
  ]);
  cancel();
  return hasEnded;
}
