/**
 * Times of consensus that belong together: the defaults, for a quick network, for a wide one.
 *
 * docs/raft-tuning.md explains them; the figures there are measured with these.
 */

/** Flags of each profile. */
export const PROFILES: Readonly<Record<string, readonly string[]>> = {
  default: times(500, 500, 250),
  fast: times(150, 150, 100),
  wide: times(2_000, 2_000, 1_000),
};

function times(heartbeatMs: number, electionMs: number, leaseMs: number): readonly string[] {
  return [
    ...["--heartbeat-timeout", `${heartbeatMs}ms`, "--election-timeout", `${electionMs}ms`],
    ...["--leader-lease-timeout", `${leaseMs}ms`],
  ];
}
