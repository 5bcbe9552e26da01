/**
 * Every manager replaced, one after the other, under load: stopped, taken out of the cluster, its
 * disk wiped, and joined again as a new member.
 */
import type { Fault } from "../fault.ts";
import type { Manager } from "../manager.ts";
import type { Stage } from "../stage.ts";

/** The fault. */
export const ROLLING: Fault = {
  name: "rolling",
  title: "each manager stopped, removed, wiped and joined anew; longest time without a write",
  count: 3,
  bounds: { maxMs: 3_000, failed: 0 },
  async run(stage, count) {
    const { group, load } = stage;
    for (let round = 0; round < count; round++) {
      const manager = group.managers[round % group.managers.length];
      if (!manager) return;
      const startMs = performance.now();
      const { gapMs } = await load.longestGap(() => replace(stage, manager));
      stage.gapsMs.push(gapMs);
      stage.time("replacing one manager", performance.now() - startMs);
      stage.say(`${manager.name} replaced: longest time without a write ${gapMs.toFixed(0)} ms`);
    }
  },
};

/** Makes a new member of `manager`, which runs. @throws Error when the cluster will not let it go */
export async function replace(stage: Stage, manager: Manager): Promise<void> {
  await manager.end("SIGTERM");
  await rejoin(stage, manager);
}

/** Makes a new member of `manager`, which has ended. */
export async function rejoin({ group }: Stage, manager: Manager): Promise<void> {
  const through = await group.leader();
  const removed = await through.daemon.run(["node", "rm", manager.nodeId, "--force"]);
  if (removed.code !== 0) throw new Error(`node rm ${manager.name}: ${removed.stderr}`);
  await manager.wipe();
  await group.join(manager, await group.leader());
  await group.untilLevel();
}
