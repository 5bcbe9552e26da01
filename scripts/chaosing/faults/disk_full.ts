/**
 * The disk of the leader is filled by somebody else while clients write large values. The cluster
 * goes on, and when there is room again the manager becomes level by itself.
 */
import { until } from "../../../tests/harness/warren.ts";
import type { Fault } from "../fault.ts";
import type { Manager } from "../manager.ts";
import { keepFull, mountSmallDisk } from "../small_disk.ts";

const DISK_MIB = 192;
/** Patience until the room set aside beforehand is used up. */
const NOTICE_MS = 120_000;
const HOLD_MS = 5_000;
const LEVEL_MS = 15_000;

/** The fault. */
export const DISK_FULL: Fault = {
  name: "disk-full",
  title:
    `disk of the leader (${DISK_MIB} MiB) filled until it says so and ${HOLD_MS / 1_000} s more; ` +
    "longest time without a write",
  count: 5,
  bounds: { maxMs: 3_000 },
  needs: "namespaces",
  group: {
    flags: ["--snapshot-threshold", "2000", "--trailing-logs", "500"],
    prepare: (_, dir) => mountSmallDisk(dir, DISK_MIB),
  },
  load: { writers: 6, readers: 3, pauseMs: 2, valueBytes: 48_000 },
  async run(stage, count) {
    const { group, load } = stage;
    for (let round = 1; round <= count; round++) {
      const leader = await group.leader();
      let now: Manager | undefined;
      const { gapMs } = await load.longestGap(async () => {
        await using _full = keepFull(leader.options.dir);
        await notice(leader);
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

/** Waits until `manager` has noticed that its disk is full. */
async function notice({ name, daemon }: Manager): Promise<void> {
  const seen = daemon.lines.length;
  await until(`${name} to notice its full disk`, () => {
    const found = daemon.lines.slice(seen).some((line) => line.includes("the disk is full"));
    return Promise.resolve(found);
  }, NOTICE_MS);
}
