/**
 * Whether a daemon is as it was: its state, its process, its log and its memory.
 *
 * Used by the tests that send it what nobody should. Linux only, since it reads `/proc`.
 */
import assert from "node:assert/strict";
import type { WarrenDaemon } from "./warren.ts";

/** Everything that bad input must leave alone. */
export interface Portrait {
  readonly appliedIndex: number;
  /** Services, tasks, secrets, configs and volumes as their lists show them. */
  readonly lists: Readonly<Record<string, unknown>>;
  readonly rssBytes: number;
}

const NOUNS = ["service", "task", "secret", "config", "volume", "node"];
/** Memory may grow by so much: the runtime keeps what a burst of calls once needed. */
const MAX_GROWTH_BYTES = 96 * 2 ** 20;
/** Budget of a manager, whatever was sent to it. */
const MAX_RSS_BYTES = 256 * 2 ** 20;

/** What the daemon is like now. */
export async function portraitOf(warren: WarrenDaemon): Promise<Portrait> {
  const lists: Record<string, unknown> = {};
  for (const noun of NOUNS) lists[noun] = await warren.json([noun, "list"]);
  const { raft } = await warren.json(["cluster", "info"]);
  return { appliedIndex: raft.appliedIndex, lists, rssBytes: await rssOf(warren.pid) };
}

/** Fails unless the daemon is as `before`, but for bounded memory, and has logged no fault. */
export async function assertUnharmed(warren: WarrenDaemon, before: Portrait): Promise<void> {
  const after = await portraitOf(warren);
  assert.deepEqual(after.lists, before.lists);
  await assertNothingProposed(warren, before.appliedIndex, after.appliedIndex);
  assertQuietLog(warren);
  const mib = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
  const grown = `memory went from ${mib(before.rssBytes)} to ${mib(after.rssBytes)}`;
  assert.ok(after.rssBytes - before.rssBytes < MAX_GROWTH_BYTES, grown);
  assert.ok(after.rssBytes < MAX_RSS_BYTES, grown);
}

async function assertNothingProposed(
  warren: WarrenDaemon,
  before: number,
  after: number,
): Promise<void> {
  if (after === before) return;
  const { stdout } = await warren.run(["events", "--since", String(before), "--no-follow"]);
  assert.fail(`the log went from ${before} to ${after}:\n${stdout}${warren.lines.join("\n")}`);
}

/** Fails when the log has an error, a stack, or a line that is no JSON. */
export function assertQuietLog(warren: WarrenDaemon): void {
  for (const line of warren.lines) {
    assert.ok(line.startsWith("{") && line.endsWith("}"), `the log has the line ${line}`);
    const { level, error = "" } = JSON.parse(line);
    assert.notEqual(level, "error", line);
    assert.ok(!/\n\s+at /.test(String(error)), `the log has a stack: ${line}`);
  }
}

/** Resident memory of a process. @throws when it is gone. */
export async function rssOf(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  assert.ok(kib !== undefined, `process ${pid} has no memory: it has ended`);
  return Number(kib) * 1024;
}
