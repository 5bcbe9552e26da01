/**
 * A daemon at work: started, announced, stopped, and started again as the other kind when the
 * managers promote or demote its node meanwhile.
 *
 * Called by `run_daemon.ts` once the data directory is held and the settings are known. Containers
 * run on through a change of kind: the next agent takes them over.
 */
import { type Clock, sleep, VERSION, WarrenError } from "../lib/mod.ts";
import type { LogSink } from "../telemetry/mod.ts";
import type { DataDir } from "./data_dir.ts";
import { becomeWorker, notPromoted, prepareManager, promotionPauseMs } from "./role/change_kind.ts";
import type { RoleChange } from "./role/role_change.ts";
import type { RunningDaemon, StartParts } from "./running_daemon.ts";
import { savedPart, type Settings } from "./settings.ts";
import type { Signals } from "./signals.ts";

/** How long a graceful stop may take before the process ends all the same, in milliseconds. */
const STOP_MS = 20_000;
/** How long a worker may take to start as a manager before it goes on as a worker, in milliseconds. */
const PROMOTION_MS = 30_000;

/** What serving works with. */
export interface ServeParts {
  readonly dataDir: DataDir;
  readonly sink: LogSink;
  readonly signals: Signals;
  readonly clock: Clock;
  /** How each kind is started. */
  readonly starts: Readonly<
    Record<Settings["kind"], (parts: StartParts) => Promise<RunningDaemon>>
  >;
}

/** Runs until a signal or a fault and answers with the exit code. @throws WarrenError at the start */
export async function serve(parts: ServeParts, settings: Settings): Promise<number> {
  return await new Serving(parts, settings).run();
}

/** Why a daemon ended that was up. */
type Outcome = RoleChange | WarrenError | Deno.Signal;

class Serving {
  readonly #parts: ServeParts;
  readonly #starting = new AbortController();
  #settings: Settings;
  /** Promotions that failed one after the other. */
  #failures = 0;

  constructor(parts: ServeParts, settings: Settings) {
    this.#parts = parts;
    this.#settings = settings;
    const told = () => this.#starting.abort(new WarrenError("STOPPING", "told to stop"));
    void parts.signals.first.then(told);
  }

  async run(): Promise<number> {
    const { dataDir, sink } = this.#parts;
    let daemon = await this.#start(this.#settings);
    while (daemon) {
      await dataDir.saveSettings(savedPart(this.#settings));
      announce(sink, daemon);
      const outcome = await this.#outcome(daemon);
      this.#tell(outcome);
      if (!await this.#stop(daemon)) return 1;
      if (outcome instanceof WarrenError) return 1;
      if (typeof outcome === "string") return 0;
      daemon = await this.#become(outcome);
    }
    return 1;
  }

  /** Null when it was told twice to stop meanwhile. @throws WarrenError what keeps it from starting */
  async #start(settings: Settings, limit?: AbortSignal): Promise<RunningDaemon | null> {
    const { dataDir, sink: { log }, signals, starts } = this.#parts;
    const signal = limit ? AbortSignal.any([this.#starting.signal, limit]) : this.#starting.signal;
    const daemon = await Promise.race([
      starts[settings.kind]({ dataDir, settings, log, signal }),
      signals.second,
    ]);
    if (typeof daemon !== "string") return daemon;
    log.warn("was told twice to stop: ending in the middle of the start", { signal: daemon });
    return null;
  }

  /** What ends the daemon. A worker that failed to become a manager waits before it tries again. */
  async #outcome(daemon: RunningDaemon): Promise<Outcome> {
    const { signals, clock } = this.#parts;
    const over = new AbortController();
    const heeded = async (): Promise<RoleChange> => {
      await sleep(clock, promotionPauseMs(this.#failures), over.signal);
      return await daemon.changed ?? await new Promise<never>(() => {});
    };
    const change = heeded();
    change.catch(() => {}); // given up: what else ended the daemon is told
    try {
      return await Promise.race([daemon.failed, signals.first, change]);
    } finally {
      over.abort();
    }
  }

  #tell(outcome: Outcome): void {
    const { log } = this.#parts.sink;
    if (outcome instanceof WarrenError) {
      const { message, reason, hint } = outcome;
      log.error("cannot go on", { error: message, reason, hint });
    } else if (typeof outcome === "string") log.info("stopping", { signal: outcome });
    else log.info(`this node becomes a ${outcome.kind}`);
  }

  /** Whether it stopped in time: nothing else may use the data directory before. */
  async #stop(daemon: RunningDaemon): Promise<boolean> {
    const { sink: { log }, signals, clock } = this.#parts;
    const stopping = daemon[Symbol.asyncDispose]();
    const hasStopped = await within({ clock, limitMs: STOP_MS }, stopping, signals.second);
    if (!hasStopped) log.warn("did not stop in time: ending all the same");
    return hasStopped;
  }

  /** Starts the other kind; what cannot become a manager goes on as the worker it was. */
  async #become(change: RoleChange): Promise<RunningDaemon | null> {
    const { dataDir, sink: { log }, clock } = this.#parts;
    if (change.kind === "worker") {
      this.#settings = await becomeWorker(dataDir, this.#settings, change);
      return await this.#start(this.#settings);
    }
    const late = new AbortController();
    const cancel = clock.after(PROMOTION_MS, () => {
      late.abort(new WarrenError("DEADLINE_PASSED", "Cannot become a manager: it takes too long"));
    });
    try {
      const promoted = await prepareManager(dataDir, this.#settings, change);
      const daemon = await this.#start(promoted, late.signal);
      this.#settings = { ...promoted, token: null };
      this.#failures = 0;
      return daemon;
    } catch (thrown) {
      if (this.#starting.signal.aborted) throw thrown;
      const error = WarrenError.from(thrown, "Cannot become a manager");
      const { message, reason, hint } = error;
      log.error("cannot become a manager: stays a worker", { error: message, reason, hint });
      this.#failures++;
      await notPromoted(dataDir, error);
      return await this.#start(this.#settings);
    } finally {
      cancel();
    }
  }
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
  { clock, limitMs }: { readonly clock: Clock; readonly limitMs: number },
  work: PromiseLike<void>,
  hurry: Promise<unknown>,
): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const cancel = clock.after(limitMs, () => late.resolve(false));
  const hasEnded = await Promise.race([
    Promise.resolve(work).then(() => true),
    hurry.then(() => false),
    late.promise,
  ]);
  cancel();
  return hasEnded;
}
