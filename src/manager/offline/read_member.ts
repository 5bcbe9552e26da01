/**
 * Reads what a stopped member holds: snapshot and log, without changing a byte of either.
 *
 * Called by `warren cluster recover`, under the lock of the data directory. It makes no difference
 * between entries that were committed and those that were not: what the member alone cannot know.
 */
import { WarrenError } from "../../lib/mod.ts";
import type { Entry, HardState, MemberId, Membership, SnapshotMeta } from "../../raft/mod.ts";
import { Store } from "../../store/mod.ts";
import { denoFs } from "../disk/deno_fs.ts";
import { recoverLog } from "../disk/recover.ts";
import { readState, verifySnapshot } from "../disk/snapshot_file.ts";
import { snapshotName } from "../disk/snapshot_store.ts";
import { readStart } from "../disk/start_file.ts";
import { unstampEntry } from "../raft/stamp.ts";
import { storeMachine } from "../raft/state_machine.ts";

/** What a member holds. */
export interface MemberLog {
  readonly memberId: MemberId;
  readonly hard: HardState;
  readonly snapshot: SnapshotMeta;
  /** The encoded state at `snapshot`; null before the first one. */
  readonly state: Uint8Array | null;
  /** Those after `snapshot`. */
  readonly entries: readonly Entry[];
  /** The newest one, committed or not. */
  readonly membership: Membership;
  /** The end of the log is damaged, and others may have been told of what stood there. */
  readonly isInDoubt: boolean;
}

/** Reads the log in `dir`. @throws WarrenError DATA_CORRUPT naming file and offset */
export function readMember(dir: string): MemberLog {
  const fs = denoFs;
  const start = readStart(fs, dir);
  const found = recoverLog(fs, dir);
  if (!start || !found) throw new WarrenError("DATA_CORRUPT", `There is no log in "${dir}"`);
  const snapshot = found.mark.meta;
  const entries = found.entries.filter(({ index }) => index > snapshot.index);
  const memberships = entries.flatMap(({ payload }) =>
    payload.kind === "membership" ? [payload.membership] : []
  );
  return {
    memberId: found.tail.header.memberId,
    hard: found.hard,
    snapshot,
    state: snapshot.index > 0 ? readSnapshot(`${dir}/${snapshotName(snapshot)}`) : null,
    entries,
    membership: memberships.at(-1) ?? snapshot.membership,
    isInDoubt: start.isInDoubt || found.cut?.isDoubtful === true,
  };
}

function readSnapshot(path: string): Uint8Array {
  const file = openSnapshot(path);
  try {
    const { sizeBytes } = verifySnapshot(file);
    return readState(file, { offset: 0, maxBytes: sizeBytes, sizeBytes });
  } finally {
    file.close();
  }
}

function openSnapshot(path: string) {
  try {
    return denoFs.open(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new WarrenError("DATA_CORRUPT", `Cannot read "${path}": ${why}`, { cause: error });
  }
}

/** Index and term of the last entry. */
export function lastOf({ entries, snapshot }: Pick<MemberLog, "entries" | "snapshot">): {
  readonly index: number;
  readonly term: number;
} {
  const { index, term } = entries.at(-1) ?? snapshot;
  return { index, term };
}

/** The state that all of `log` adds up to. @throws WarrenError DATA_CORRUPT */
export function replayMember({ state, entries }: MemberLog): Store {
  const store = new Store();
  const machine = storeMachine(store);
  if (state) machine.restore(state);
  for (const { index, payload } of entries) {
    if (payload.kind === "data") {
      const { atMs, data } = unstampEntry(payload.data);
      machine.apply(index, data, atMs);
    } else machine.skip(index);
  }
  return store;
}
