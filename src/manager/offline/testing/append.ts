/** Appends to the log of a stopped member what a group would have: for tests of what reads it. */
import { assert, type WallMs } from "../../../lib/mod.ts";
import { type Action, encodeEntry } from "../../../store/mod.ts";
import { denoFs } from "../../disk/deno_fs.ts";
import { MemberDisk } from "../../disk/member_disk.ts";
import { stampEntry } from "../../raft/stamp.ts";

/** What to append, and as whom. */
export interface Appended {
  readonly memberId: string;
  readonly clusterId: string;
  readonly term: number;
  readonly voters: readonly string[];
  readonly actions: readonly Action[];
  readonly atMs: WallMs;
}

/** Appends a membership and a proposal of `actions`, in `term`. */
export function appendForTest(dir: string, appended: Appended): void {
  const { memberId, clusterId, term, voters, actions, atMs } = appended;
  const { disk, start } = MemberDisk.open(denoFs, { dir, memberId, clusterId });
  try {
    const { entries, snapshot } = start.restored;
    const index = entries.at(-1)?.index ?? snapshot.index;
    const membership = { voters, outgoing: [], learners: [] };
    const data = stampEntry(atMs, encodeEntry([{ actions, atMs, requestId: "" }]));
    const added = [
      { index: index + 1, term, payload: { kind: "membership", membership } },
      { index: index + 2, term, payload: { kind: "data", data } },
    ] as const;
    const hard = { term, vote: memberId };
    assert(
      disk.write([{ hard, truncateFrom: null, entries: added, snapshot: null }]) === 1,
      "room",
    );
  } finally {
    disk.close();
  }
}
