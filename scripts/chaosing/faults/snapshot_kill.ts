/**
 * A follower that lies so far behind that it needs a snapshot is killed while it gets it, several
 * times; at last it is left alone and must become level.
 */
import type { Fault } from "../fault.ts";
import type { Manager } from "../manager.ts";
import type { Stage } from "../stage.ts";
import { until } from "../../../tests/harness/warren.ts";

const TRAILING = 200;
const MISSED = 3_000;
const KILLS_A_ROUND = 4;
const MISSED_MS = 120_000;

/** The fault. */
export const SNAPSHOT_KILL: Fault = {
  name: "snapshot-kill",
  title:
    `a follower behind a snapshot, killed ${KILLS_A_ROUND} times while it gets it, then left alone`,
  count: 5,
  bounds: { maxMs: 3_000 },
  group: { flags: ["--snapshot-threshold", "500", "--trailing-logs", String(TRAILING)] },
  load: { writers: 24, readers: 2, pauseMs: 0, valueBytes: 8_000 },
  async run(stage, count) {
    const { group, load } = stage;
    for (let round = 1; round <= count; round++) {
      const leader = await group.leader();
      const follower = stage.prng.pick(group.others(leader));
      await follower.end("SIGKILL");
      await missEntries(stage, follower);
      const { gapMs } = await load.longestGap(() => killOften(stage, follower));
      stage.gapsMs.push(gapMs);
      const atMs = performance.now();
      await follower.start();
      await group.untilLevel();
      stage.time("from the last start to level", performance.now() - atMs);
      stage.say(`round ${round} of ${count}: ${follower.name} is level again`);
    }
  },
};

async function missEntries({ group }: Stage, away: Manager): Promise<void> {
  const committed = async () => {
    const infos = await Promise.all(group.others(away).map((manager) => manager.info()));
    return Math.max(...infos.map((info) => Number(info?.raft?.commitIndex ?? 0)));
  };
  const from = await committed();
  await until("entries to miss", async () => await committed() - from >= MISSED, MISSED_MS);
}

/** The process is killed at moments spread over its start and the transfer. */
async function killOften(stage: Stage, follower: Manager): Promise<void> {
  for (let kill = 0; kill < KILLS_A_ROUND; kill++) {
    await follower.start();
    await stage.breathe(0, 400);
    await follower.end("SIGKILL");
  }
}
