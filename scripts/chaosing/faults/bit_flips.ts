/**
 * Bits flipped in the files of a stopped follower: oldest log file, newest log file, snapshot. It must
 * refuse to take part, or mend itself from the others; a copy of it is then made anew.
 */
import { until } from "../../../tests/harness/warren.ts";
import type { Fault } from "../fault.ts";
import { filesOf, flipBit, type FlippedFile, type Kind, KINDS } from "../flips.ts";
import type { Manager } from "../manager.ts";
import type { Stage } from "../stage.ts";
import { rejoin } from "./rolling.ts";

/** Patience for enough writes. */
const FILES_MS = 120_000;

/** The fault. */
export const BIT_FLIPS: Fault = {
  name: "bit-flips",
  title: "a bit flipped in the oldest log file, the newest, the snapshot of a follower",
  count: 12,
  bounds: { maxMs: 3_000, failed: 0 },
  // Large values and a long tail, so that a log has several files.
  group: { flags: ["--snapshot-threshold", "400", "--trailing-logs", "800"] },
  load: { writers: 8, readers: 3, pauseMs: 2, valueBytes: 16_000 },
  async run(stage, count) {
    const { load } = stage;
    for (let round = 0; round < count; round++) {
      const kind = KINDS[round % KINDS.length] ?? "oldest log";
      const follower = await victim(stage, kind);
      const { gapMs } = await load.longestGap(() => flipOnce(stage, follower, kind));
      stage.gapsMs.push(gapMs);
    }
  },
};

/** A follower whose files are worth it: two log files at least, or a snapshot. */
async function victim({ group, prng }: Stage, kind: Kind): Promise<Manager> {
  const follower = prng.pick(group.others(await group.leader()));
  const { dir } = follower.options;
  await until(`${follower.name} to have the files`, async () => {
    if (kind === "snapshot") return (await filesOf(dir, "snapshot")).length > 0;
    return (await filesOf(dir, "log")).length > 1;
  }, FILES_MS);
  return follower;
}

async function flipOnce(stage: Stage, follower: Manager, kind: Kind): Promise<void> {
  const { group } = stage;
  await follower.end("SIGTERM");
  const flipped = await flipBit(follower.options.dir, kind, stage.prng);
  if (!flipped) throw new Error(`${follower.name} has no ${kind} any more`);
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
