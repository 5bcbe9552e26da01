/**
 * What `/health`, `/ready` and `/live` say, as data.
 *
 * Called by the HTTP endpoint with what the parts of a daemon report. Pure. Invariant: the answer is
 * good only if every component is, and one that is not says why.
 */
import { VERSION } from "../lib/mod.ts";

/** What one part of a daemon says of itself: `raft`, `api`, `agent`, `runtime`. */
export interface ComponentHealth {
  readonly name: string;
  /** False when it needs a person or a restart. */
  readonly isHealthy: boolean;
  /** False while it cannot do its work, for instance without a leader. */
  readonly isReady: boolean;
  /** Why not, or "". */
  readonly message: string;
}

/** A status code and the object that is sent as JSON. */
export interface HealthAnswer {
  readonly status: 200 | 503;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Times that an answer carries. */
export interface HealthTimes {
  /** Wall time in milliseconds. */
  readonly nowMs: number;
  /** Milliseconds since the start of the process. */
  readonly uptimeMs: number;
}

/** The answer of `/health`. */
export function describeHealth(
  components: readonly ComponentHealth[],
  times: HealthTimes,
): HealthAnswer {
  const isHealthy = components.every((component) => component.isHealthy);
  return {
    status: isHealthy ? 200 : 503,
    body: {
      status: isHealthy ? "healthy" : "unhealthy",
      timestamp: new Date(times.nowMs).toISOString(),
      components: Object.fromEntries(
        components.map(({ name, isHealthy, message }) => [
          name,
          isHealthy ? "healthy" : `unhealthy: ${message}`,
        ]),
      ),
      version: VERSION,
      uptime: formatUptime(times.uptimeMs),
    },
  };
}

/** The answer of `/ready`: not ready before the first component has reported. */
export function describeReadiness(components: readonly ComponentHealth[]): HealthAnswer {
  const waiting = components.find((component) => !isUsable(component));
  const isReady = components.length > 0 && waiting === undefined;
  const reason = waiting === undefined ? "starting" : `waiting for ${waiting.name}`;
  return {
    status: isReady ? 200 : 503,
    body: {
      status: isReady ? "ready" : "not_ready",
      message: isReady ? "" : reason,
      components: Object.fromEntries(
        components.map((component) => [
          component.name,
          isUsable(component) ? "ready" : `not ready: ${component.message}`,
        ]),
      ),
    },
  };
}

/** The answer of `/live`: the process answers, so it lives. */
export function describeLiveness(times: HealthTimes): HealthAnswer {
  return { status: 200, body: { status: "alive", uptime: formatUptime(times.uptimeMs) } };
}

function isUsable(component: ComponentHealth): boolean {
  return component.isHealthy && component.isReady;
}

/** `1h2m3s`. */
function formatUptime(uptimeMs: number): string {
  const seconds = Math.max(0, Math.floor(uptimeMs / 1000));
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const parts = [hours > 0 && `${hours}h`, seconds >= 60 && `${minutes}m`, `${seconds % 60}s`];
  return parts.filter((part) => part !== false).join("");
}
