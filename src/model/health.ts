/**
 * Health checks: how the agent asks a running container whether it works.
 *
 * A task with a check counts as `running` only once healthy; the agent probes, the engine does not.
 */

/** What is asked. HTTP and TCP go to the container's own port. */
export type HealthProbe =
  | {
    readonly kind: "http";
    /** Path with a leading slash. */
    readonly path: string;
    readonly port: number;
    readonly scheme: "http" | "https";
    readonly headers: Readonly<Record<string, string>>;
    /** Inclusive range of good status codes. */
    readonly statusMin: number;
    readonly statusMax: number;
  }
  | { readonly kind: "tcp"; readonly port: number }
  /** Good when the command exits with 0 inside the container. */
  | { readonly kind: "exec"; readonly command: readonly string[] };

/** A probe and its rhythm. */
export interface HealthCheck {
  readonly probe: HealthProbe;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Failures in a row that make a healthy task unhealthy; it is then restarted by its policy. */
  readonly retries: number;
  /** Failures this soon after the start do not count; the first success ends it. */
  readonly startPeriodMs: number;
}
