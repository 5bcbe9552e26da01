/**
 * How far this manager's log was applied, noted in the data directory now and then.
 *
 * A log does not say what of it is committed: only a leader does. With the note a manager that is
 * started alone shows what it knew, instead of nothing. Invariant: what is noted was committed, and
 * durable in this member's log before. The note may be old or missing: then less is shown.
 */
import { type Clock, type Log, TaskGroup } from "../../lib/mod.ts";
import type { Store } from "../../store/mod.ts";
import type { DataDir } from "../data_dir.ts";

/** Least time between two notes, in milliseconds. */
const INTERVAL_MS = 1_000;
const FILE = "applied.json";

/** What a memory works with. */
export interface AppliedMemoryParts {
  readonly dataDir: DataDir;
  /** A note of another member, whose log was replaced, counts for nothing. */
  readonly memberId: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

/** The index noted for `memberId`; 0 when there is none, or when it cannot be read. */
export async function readApplied(dataDir: DataDir, memberId: string): Promise<number> {
  try {
    const note = JSON.parse(await Deno.readTextFile(`${dataDir.path}/${FILE}`));
    const isOurs = note?.memberId === memberId && Number.isSafeInteger(note.index);
    return isOurs ? note.index : 0;
  } catch {
    // It is written without waiting for the disk: a power cut may leave anything, and it is a mere note.
    return 0;
  }
}

/** Notes the index of `store` as it grows; disposing notes it a last time. */
export function followApplied(parts: AppliedMemoryParts): AsyncDisposable {
  const { store, clock, log } = parts;
  const group = new TaskGroup((_, error) => {
    log.warn("cannot note how far the log was applied", { error: String(error) });
  });
  let noted = 0;
  let cancel: (() => void) | null = null;
  const note = async () => {
    const { index } = store.view;
    if (index <= noted) return;
    noted = index;
    await write(parts, index);
  };
  const later = () => {
    cancel ??= clock.after(INTERVAL_MS, () => {
      cancel = null;
      group.run("applied note", note);
    });
  };
  const stop = store.feed.subscribe(later);
  return {
    [Symbol.asyncDispose]: async () => {
      stop();
      cancel?.();
      await group.stop();
      await note().catch((error) => log.warn("cannot note how far", { error: String(error) }));
    },
  };
}

async function write({ dataDir, memberId }: AppliedMemoryParts, index: number): Promise<void> {
  const path = `${dataDir.path}/${FILE}`;
  await Deno.writeTextFile(`${path}.new`, JSON.stringify({ memberId, index }) + "\n", {
    mode: 0o600,
  });
  await Deno.rename(`${path}.new`, path);
}
