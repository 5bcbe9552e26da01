/** A graceful stop of the leader: it hands leadership over first, so no request may fail. */
import type { Fault } from "../fault.ts";

/** The fault. */
export const STOPS: Fault = {
  name: "stops",
  title: "graceful stop of the leader, then a restart",
  count: 20,
  bounds: { maxMs: 3_000, failed: 0 },
  async run(stage, count) {
    const { group } = stage;
    for (let stop = 1; stop <= count; stop++) {
      await stage.breathe(200, 700);
      const leader = await group.leader();
      const atMs = performance.now();
      const ended = leader.end("SIGTERM");
      const gapMs = await stage.accepted(atMs);
      const code = await ended;
      stage.time("until the process has ended", performance.now() - atMs);
      if (code !== 0) stage.broken.push(`${leader.name} ended with ${code} on SIGTERM`);
      await leader.start();
      await group.untilLevel();
      stage.say(
        `stop ${stop} of ${count}: ${leader.name}, next write after ${gapMs.toFixed(0)} ms`,
      );
    }
  },
};
