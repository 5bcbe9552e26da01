/**
 * Makes the log of a new group of one member, which begins with a state instead of at nothing.
 *
 * Called by `warren cluster restore` and `warren cluster recover`. The directory must be new; whoever
 * calls gives it its name when everything is durable.
 */
import { WarrenError } from "../../lib/mod.ts";
import type { MemberId, SnapshotMeta } from "../../raft/mod.ts";
import { denoFs } from "../disk/deno_fs.ts";
import { MemberDisk } from "../disk/member_disk.ts";

/** The only member, and what it begins with. */
export interface SoleMember {
  readonly memberId: MemberId;
  readonly clusterId: string;
  /** Later than any that the state was made in. */
  readonly term: number;
  /** Of the state; at least 1. */
  readonly index: number;
  /** The encoded state. */
  readonly pieces: Iterable<Uint8Array>;
}

/** Makes it in `dir`; durable when this returns. @throws WarrenError DATA_CORRUPT, DISK_FULL */
export function foundAlone(dir: string, member: SoleMember): void {
  const { memberId, clusterId, term, index, pieces } = member;
  const membership = { voters: [memberId], outgoing: [], learners: [] };
  const snapshot: SnapshotMeta = { index, term, membership };
  const { disk } = MemberDisk.open(denoFs, { dir, memberId, clusterId });
  try {
    const draft = disk.beginSnapshot(snapshot);
    for (const piece of pieces) draft.write(piece);
    draft.finish();
    const begin = { hard: { term, vote: null }, truncateFrom: null, entries: [], snapshot };
    if (disk.write([begin]) === 1) return;
    throw new WarrenError("DISK_FULL", `Cannot make a log in "${dir}": the disk is full`, {
      hint: "make room and try again",
    });
  } finally {
    disk.close();
  }
}
