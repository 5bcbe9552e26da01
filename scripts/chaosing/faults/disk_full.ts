/**
 * The disk of the leader is filled by somebody else while clients write large values. The cluster
 * goes on, and when there is room again the manager becomes level by itself.
 */
import type { Fault } from "../fault.ts";
import type { Manager } from "../manager.ts";
import { keepFull, mountSmallDisk } from "../small_disk.ts";

const DISK_MIB = 192;
const HOLD_MS = 20_000;
const LEVEL_MS = 15_000;

/** The fault. */
export const DISK_FULL: Fault = {
  name: "disk-full",
  title: `disk of the leader (${DISK_MIB} MiB) filled for ${
    HOLD_MS / 1_000
  } s; longest time without a write`,
  count: 5,
  bounds: { maxMs: 3_000 },
  needs: "namespaces",
  group: {
    flags: ["--snapshot-threshold", "2000", "--trailing-logs", "500"],
    prepare: (_, dir) => mountSmallDisk(dir, DISK_MIB),
  },
  load: { writers: 6, readers: 3, pauseMs: 2, valueBytes: 16_000 },
  async run(stage, count) {
    const { group, load } = stage;
    for (let round = 1; round <= count; round++) {
      const leader = await group.leader();
      let now: Manager | undefined;
      const { gapMs } = await load.longestGap(async () => {
        await using _full = keepFull(leader.options.dir);
        await stage.breathe(HOLD_MS);
        now = await group.findLeader();
      });
      stage.gapsMs.push(gapMs);
      const freedMs = performance.now();
      await group.untilLevel(LEVEL_MS);
      stage.time("from room to level", performance.now() - freedMs);
      const after = now === leader ? "leads still" : `${now?.name ?? "nobody"} leads`;
      stage.say(
        `round ${round} of ${count}: ${leader.name} full, ${after}, gap ${gapMs.toFixed(0)} ms`,
      );
    }
  },
};
