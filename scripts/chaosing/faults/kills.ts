/** SIGKILL of the leader: its connections break at once. It is started again each time. */
import type { Fault } from "../fault.ts";

/** The fault. */
export const KILLS: Fault = {
  name: "kills",
  title: "SIGKILL of the leader, then a restart",
  count: 100,
  bounds: { p50Ms: 500, p99Ms: 1_500, maxMs: 3_000 },
  async run(stage, count) {
    const { group } = stage;
    for (let kill = 1; kill <= count; kill++) {
      await stage.breathe(200, 700);
      const leader = await group.leader();
      const atMs = performance.now();
      const ended = leader.end("SIGKILL");
      const gapMs = await stage.accepted(atMs);
      await ended;
      await leader.start();
      await group.untilLevel();
      stage.time("until the group is whole again", performance.now() - atMs);
      stage.say(
        `kill ${kill} of ${count}: ${leader.name}, next write after ${gapMs.toFixed(0)} ms`,
      );
    }
  },
};
