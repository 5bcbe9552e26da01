/**
 * The leader cut off from both others while clients still reach everybody. It must not accept a
 * write while it is alone, and all must be level soon after the cut is healed.
 */
import { Caller } from "../caller.ts";
import type { Fault } from "../fault.ts";
import { groupPrefix, isolate, markConnections } from "../firewall.ts";
import type { Manager } from "../manager.ts";
import type { Stage } from "../stage.ts";

const LEAST_MS = 2_000;
const MOST_MS = 5_000;
const HEAL_MS = 2_000;
/** Patience of the client that insists on the lonely leader. */
const ALONE = { attemptMs: 1_000, totalMs: 1_000 };

/** The fault. */
export const PARTITIONS: Fault = {
  name: "partitions",
  title: "the leader cut off from both others for 2 to 5 s",
  count: 20,
  bounds: { p99Ms: 3_000 },
  needs: "namespaces",
  group: { prefix: groupPrefix },
  async run(stage, count) {
    const { group } = stage;
    await markConnections(group.managers);
    // What was connected before the marks is connected anew, one manager at a time.
    for (const manager of group.managers) await reconnect(stage, manager);
    for (let round = 1; round <= count; round++) {
      await stage.breathe(200, 700);
      const leader = await group.leader();
      const heal = await isolate(group.managers, leader);
      const atMs = performance.now();
      let gapMs: number;
      try {
        const alone = insist(stage, leader, atMs + LEAST_MS);
        gapMs = await stage.accepted(atMs);
        await stage.breathe(Math.max(0, LEAST_MS + stage.prng.below(MOST_MS - LEAST_MS) - gapMs));
        await alone;
      } finally {
        await heal();
      }
      await measureHealing(stage, round);
      stage.say(
        `cut ${round} of ${count}: ${leader.name}, next write after ${gapMs.toFixed(0)} ms`,
      );
    }
  },
};

async function reconnect({ group }: Stage, manager: Manager): Promise<void> {
  await manager.end("SIGTERM");
  await manager.start();
  await group.untilLevel();
}

/** Writes to `leader` alone until `untilMs`; what it accepts then breaks the rule. */
async function insist(stage: Stage, leader: Manager, untilMs: number): Promise<void> {
  const { load } = stage;
  await using caller = new Caller([leader.address]);
  const way = { client: load.newClient(), patience: ALONE, caller };
  while (performance.now() < untilMs) {
    const key = load.newKey("alone");
    load.history.settle(key, null);
    const id = await load.lonely.set(key, `${key}.0`, way);
    if (id !== null) stage.broken.push(`${leader.name} accepted ${key} while it was alone`);
  }
}

async function measureHealing(stage: Stage, round: number): Promise<void> {
  const healedMs = performance.now();
  await stage.group.untilLevel();
  const tookMs = performance.now() - healedMs;
  stage.time("from the end of the cut to all level", tookMs);
  if (tookMs <= HEAL_MS) return;
  stage.broken.push(`cut ${round} took ${tookMs.toFixed(0)} ms to heal, over ${HEAL_MS}`);
}
