/**
 * Bits flipped in the files of a stopped follower: oldest log file, newest log file, snapshot. It must
 * refuse to take part, or mend itself from the others; a copy of it is then made anew.
 */
import type { Fault } from "../fault.ts";
import { flipBit, type FlippedFile, type Kind, KINDS } from "../flips.ts";
import type { Manager } from "../manager.ts";
import type { Stage } from "../stage.ts";
import { rejoin } from "./rolling.ts";

/** The fault. */
export const BIT_FLIPS: Fault = {
  name: "bit-flips",
  title: "a bit flipped in the oldest log file, the newest, the snapshot of a follower",
  count: 12,
  bounds: { maxMs: 3_000, failed: 0 },
  group: { flags: ["--snapshot-threshold", "1000", "--trailing-logs", "300"] },
  load: { writers: 8, readers: 3, pauseMs: 2, valueBytes: 1_000 },
  async run(stage, count) {
    const { load } = stage;
    for (let round = 0; round < count; round++) {
      const kind = KINDS[round % KINDS.length] ?? "oldest log";
      await stage.breathe(3_000);
      const { gapMs } = await load.longestGap(() => flipOnce(stage, kind));
      stage.gapsMs.push(gapMs);
    }
  },
};

async function flipOnce(stage: Stage, kind: Kind): Promise<void> {
  const { group } = stage;
  const leader = await group.leader();
  const follower = stage.prng.pick(group.others(leader));
  await follower.end("SIGTERM");
  const flipped = await flipBit(follower.options.dir, kind, stage.prng);
  if (!flipped) {
    stage.notes.push(`${follower.name} had no ${kind}`);
    await follower.start();
    return;
  }
  const refusal = await tryStart(follower);
  const where = `${kind}, ${flipped.path.split("/").at(-1)} at ${flipped.offset}`;
  if (refusal === null) {
    await group.untilLevel();
    stage.notes.push(`${where}: mended itself`);
    stage.say(`${follower.name}, ${where}: started, level again`);
    return;
  }
  judgeRefusal(stage, { refusal, flipped, where });
  await rejoin(stage, follower);
  stage.say(`${follower.name}, ${where}: ${refusal.slice(0, 160)}`);
}

/** What it says when it does not start; null when it does. */
async function tryStart(follower: Manager): Promise<string | null> {
  try {
    await follower.start();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A refusal must name the file and say that it is damaged. */
function judgeRefusal(
  stage: Stage,
  { refusal, flipped, where }: { refusal: string; flipped: FlippedFile; where: string },
): void {
  const file = flipped.path.split("/").at(-1) ?? "";
  const names = refusal.includes(file) && /DATA_CORRUPT|corrupt|damaged|checksum/i.test(refusal);
  stage.notes.push(`${where}: refused${names ? ", naming the file" : ""}`);
  if (!names) stage.broken.push(`${where}: an unclear refusal: ${refusal}`);
}
