/**
 * A manager that is away for a hundred thousand entries while clients write as fast as they can, and
 * then catches up, by snapshot, while they go on.
 */
import { until } from "../../../tests/harness/warren.ts";
import type { Fault } from "../fault.ts";
import type { Manager } from "../manager.ts";
import type { Stage } from "../stage.ts";

const ENTRIES = 100_000;
const AWAY_MS = 600_000;
const CATCH_UP_MS = 120_000;

/** The fault. */
export const CATCH_UP: Fault = {
  name: "catch-up",
  title: `a manager away for ${ENTRIES} entries, then back, under full load`,
  count: 1,
  bounds: { failed: 0, peakMib: 200 },
  load: { writers: 96, readers: 2, pauseMs: 0, valueBytes: 100 },
  async run(stage, count) {
    const { group, load } = stage;
    for (let round = 1; round <= count; round++) {
      const leader = await group.leader();
      const [away] = group.others(leader);
      if (!away) return;
      await away.end("SIGTERM");
      await entries(stage, away);
      const atMs = performance.now();
      const { gapMs } = await load.longestGap(async () => {
        await away.start();
        await group.untilLevel(CATCH_UP_MS);
      });
      stage.gapsMs.push(gapMs);
      stage.time("from the start to level", performance.now() - atMs);
    }
  },
};

/** Waits until so many entries were committed without `away`. */
async function entries({ group, say }: Stage, away: Manager): Promise<void> {
  const committed = async () => {
    const infos = await Promise.all(group.others(away).map((manager) => manager.info()));
    return Math.max(...infos.map((info) => Number(info?.raft?.commitIndex ?? 0)));
  };
  const [from, fromMs] = [await committed(), performance.now()];
  let told = 0;
  await until(`${ENTRIES} entries`, async () => {
    const written = await committed() - from;
    const tenth = Math.floor(written / ENTRIES * 10);
    if (tenth > told) {
      say(`${written} entries in ${Math.round((performance.now() - fromMs) / 1_000)} s`);
    }
    told = Math.max(told, tenth);
    return written >= ENTRIES;
  }, AWAY_MS);
}
