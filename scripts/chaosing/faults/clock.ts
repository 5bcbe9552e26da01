/**
 * The wall clock of the leader steps an hour ahead and an hour back, while the monotonic one goes on:
 * nothing in consensus may notice.
 */
import type { Fault } from "../fault.ts";

const LIBRARY = "/usr/$LIB/faketime/libfaketime.so.1";
const HOLD_MS = 3_000;
const STEPS = ["+3600s", "+0s", "-3600s", "+0s"];

/** The fault. */
export const CLOCK: Fault = {
  name: "clock",
  title:
    "wall clock of the leader an hour ahead, back, an hour behind, back; longest time without a write",
  count: 8,
  bounds: { maxMs: 500, failed: 0 },
  needs: "faketime",
  group: {
    env: (_, dir) => ({
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: `${dir}/clock`,
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      FAKETIME_NO_CACHE: "1",
    }),
    async prepare(_, dir) {
      await Deno.writeTextFile(`${dir}/clock`, "+0s\n");
      return { [Symbol.asyncDispose]: () => Promise.resolve() };
    },
  },
  async run(stage, count) {
    const { group, load } = stage;
    for (let step = 0; step < count; step++) {
      const leader = await group.leader();
      const offset = STEPS[step % STEPS.length] ?? "+0s";
      const { gapMs } = await load.longestGap(async () => {
        await Deno.writeTextFile(`${leader.options.dir}/clock`, `${offset}\n`);
        await stage.breathe(HOLD_MS);
      });
      stage.gapsMs.push(gapMs);
      stage.say(
        `clock of ${leader.name} at ${offset}: longest time without a write ${gapMs.toFixed(0)} ms`,
      );
      if (await group.leader() !== leader) stage.broken.push(`${leader.name} lost leadership`);
    }
  },
};
