/**
 * SIGSTOP of the leader for a few seconds: silence on connections that stay open, and afterwards a
 * leader that does not know that time has passed.
 */
import type { Fault } from "../fault.ts";

const LEAST_MS = 2_000;
const MOST_MS = 5_000;

/** The fault. */
export const PAUSES: Fault = {
  name: "pauses",
  title: "SIGSTOP of the leader for 2 to 5 s, then SIGCONT",
  count: 20,
  bounds: { p99Ms: 3_000 },
  async run(stage, count) {
    const { group } = stage;
    for (let round = 1; round <= count; round++) {
      await stage.breathe(200, 700);
      const leader = await group.leader();
      const atMs = performance.now();
      leader.signal("SIGSTOP");
      let gapMs: number;
      try {
        gapMs = await stage.accepted(atMs);
        const leftMs = LEAST_MS + stage.prng.below(MOST_MS - LEAST_MS) - gapMs;
        await stage.breathe(Math.max(0, leftMs));
      } finally {
        leader.signal("SIGCONT");
      }
      const wokenMs = performance.now();
      await group.untilLevel();
      stage.time("from SIGCONT to all level", performance.now() - wokenMs);
      stage.say(
        `pause ${round} of ${count}: ${leader.name}, next write after ${gapMs.toFixed(0)} ms`,
      );
    }
  },
};
