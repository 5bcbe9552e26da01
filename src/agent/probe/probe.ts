/**
 * Asks a running container again and again whether it works, and tells changes of its health.
 *
 * The task runner starts one per container that has a health check and aborts it when the container
 * ends. What the answers mean is decided in `judge.ts`; how one is got, in `probe_io.ts`.
 */
import { type Clock, sleep, WarrenError } from "../../lib/mod.ts";
import type { HealthCheck } from "../../model/mod.ts";
import { judge, nextProbeMs, type ProbeState, UNPROBED } from "./judge.ts";
import type { ProbeIo, ProbeTarget } from "./probe_io.ts";

/** What is probed and who wants to know. */
export interface ProbeOptions {
  readonly check: HealthCheck;
  readonly target: ProbeTarget;
  readonly io: ProbeIo;
  readonly clock: Clock;
  /** Milliseconds that the container had been running when probing began. */
  readonly aliveMs: number;
  /** It was healthy before the agent was restarted. */
  readonly isHealthy: boolean;
  readonly onHealth: (health: "healthy" | "unhealthy", message: string) => void;
  readonly signal: AbortSignal;
}

/** Probes until aborted, or until the container is found unhealthy. */
export async function runProbe(options: ProbeOptions): Promise<void> {
  const { check, clock, signal } = options;
  const startMs = clock.monoNow() - options.aliveMs;
  let state: ProbeState = options.isHealthy ? { ...UNPROBED, health: "healthy" } : UNPROBED;
  while (!signal.aborted) {
    const refusal = await askOnce(options);
    if (signal.aborted) return;
    const atMs = clock.monoNow() - startMs;
    const before = state.health;
    state = judge(check, state, { isGood: refusal === "", atMs });
    if (state.health !== before && state.health !== "starting") {
      const times = check.retries === 1 ? "once" : `${check.retries} times in a row`;
      options.onHealth(state.health, refusal && `health check failed ${times}: ${refusal}`);
    }
    if (state.health === "unhealthy") return;
    await sleep(clock, nextProbeMs(check, state), signal).catch(() => {});
  }
}

/** "" when it is well, else why not; never throws. */
async function askOnce({ check, target, io, clock, signal }: ProbeOptions): Promise<string> {
  const timeout = new AbortController();
  const cancel = clock.after(check.timeoutMs, () => timeout.abort());
  try {
    const both = AbortSignal.any([signal, timeout.signal]);
    const refusal = await io.ask(check.probe, target, both);
    return timeout.signal.aborted ? noAnswer(check.timeoutMs) : refusal;
  } catch (thrown) {
    if (timeout.signal.aborted) return noAnswer(check.timeoutMs);
    return WarrenError.from(thrown, "the check could not be made").message;
  } finally {
    cancel();
  }
}

function noAnswer(timeoutMs: number): string {
  return `no answer within ${timeoutMs} ms`;
}
