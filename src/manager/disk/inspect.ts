/**
 * A member's directory as an operator wants to see it: every segment, frame and snapshot, and what is
 * wrong with them. Reads only; goes on after the first fault, unlike a start.
 *
 * Called by `scripts/raft_tool.ts`. Of a running manager's directory the newest frame may be half
 * written, and then looks damaged.
 */
import { WarrenError } from "../../lib/mod.ts";
import type { Entry, HardState, SnapshotMeta } from "../../raft/mod.ts";
import type { SnapshotFile } from "./disk.ts";
import type { FrameKind } from "./frame.ts";
import { readFile, type ReadFs } from "./fs.ts";
import { recoverLog } from "./recover.ts";
import { type Damage, parseSegmentName, readSegment, type SegmentHeader } from "./segment.ts";
import { verifySnapshot } from "./snapshot_file.ts";
import { isSnapshotName } from "./snapshot_store.ts";
import { readStart, type StartRecord } from "./start_file.ts";

/** One frame, without its entries. */
export interface FrameReport {
  readonly number: number;
  readonly kind: FrameKind;
  readonly offset: number;
  readonly batches: number;
  readonly entries: number;
  readonly firstIndex: number | null;
  readonly lastIndex: number | null;
  readonly hard: HardState | null;
  readonly truncateFrom: number | null;
  /** A snapshot that was installed, or a local one that came into force. */
  readonly snapshot: SnapshotMeta | null;
}

/** One segment. */
export interface SegmentReport {
  readonly name: string;
  readonly header: Omit<SegmentHeader, "id"> | null;
  readonly frames: readonly FrameReport[];
  readonly damage: Damage | null;
  readonly fault: string | null;
}

/** One snapshot. */
export interface SnapshotReport {
  readonly name: string;
  readonly file: SnapshotFile | null;
  readonly fault: string | null;
}

/** What a start would find. */
export interface RecoveredReport {
  readonly hard: HardState;
  readonly snapshot: SnapshotMeta;
  readonly base: { readonly index: number; readonly term: number };
  readonly lastIndex: number;
  readonly lastTerm: number;
  readonly cutBytes: number;
  readonly isCutDoubtful: boolean;
}

/** Everything. */
export interface DirectoryReport {
  readonly dir: string;
  readonly start: StartRecord | null;
  readonly segments: readonly SegmentReport[];
  readonly snapshots: readonly SnapshotReport[];
  readonly others: readonly string[];
  readonly recovered: RecoveredReport | null;
  readonly entries: readonly Entry[];
  /** Why a start would refuse; each names file and offset. */
  readonly faults: readonly string[];
}

/** Looks at `dir`. Throws only what the file system throws. */
export function inspectDirectory(fs: ReadFs, dir: string): DirectoryReport {
  const faults = new Set<string>();
  const attempt = <T>(
    work: () => T,
  ): { readonly value: T | null; readonly fault: string | null } => {
    try {
      return { value: work(), fault: null };
    } catch (error) {
      if (!(error instanceof WarrenError)) throw error;
      faults.add(error.message);
      return { value: null, fault: error.message };
    }
  };
  const names = fs.list(dir);
  const start = attempt(() => readStart(fs, dir)).value;
  const found = attempt(() => recoverLog(fs, dir)).value;
  const segments = names.filter((name) => parseSegmentName(name) !== null).map((name) => {
    const path = `${dir}/${name}`;
    const { value, fault } = attempt(() => readSegment(path, readFile(fs, path)));
    const frames = value?.frames.map(frameReport) ?? [];
    return {
      name,
      header: value ? plain(value.header) : null,
      frames,
      damage: value?.damage ?? null,
      fault,
    };
  });
  const snapshots = names.filter(isSnapshotName).map((name) => {
    const { value, fault } = attempt(() => verify(fs, `${dir}/${name}`));
    return { name, file: value, fault };
  });
  const { mark } = found ?? {};
  const isThere = snapshots.some(({ file }) => file?.meta.index === mark?.meta.index);
  if (mark && mark.meta.index > 0 && !isThere) {
    faults.add(
      `Cannot read "${dir}" at byte 0: the snapshot at ${mark.meta.index} is missing or damaged`,
    );
  }
  if (start?.hasLog && segments.length === 0) {
    faults.add(`Cannot read "${dir}" at byte 0: the files of its log are missing`);
  }
  if (!start && segments.length > 0) {
    faults.add(`Cannot read "${dir}/start" at byte 0: it is missing`);
  }
  const shown = new Set([...segments, ...snapshots].map(({ name }) => name));
  return {
    ...{ dir, start, segments, snapshots },
    others: names.filter((name) => !shown.has(name) && name !== "start"),
    recovered: found ? recoveredReport(found) : null,
    entries: found?.entries ?? [],
    faults: [...faults],
  };
}

function recoveredReport(found: NonNullable<ReturnType<typeof recoverLog>>): RecoveredReport {
  const { hard, mark, base, entries, cut } = found;
  const last = entries[entries.length - 1] ?? base;
  return {
    ...{ hard, snapshot: mark.meta, base, lastIndex: last.index, lastTerm: last.term },
    cutBytes: cut ? cut.endOffset - cut.offset : 0,
    isCutDoubtful: cut?.isDoubtful ?? false,
  };
}

function frameReport(
  { number, kind, offset, batches }: ReturnType<typeof readSegment>["frames"][number],
): FrameReport {
  const entries = batches.flatMap((batch) => batch.entries);
  const cuts = batches.map(({ truncateFrom }) => truncateFrom).filter((from) => from !== null);
  return {
    ...{ number, kind, offset, batches: batches.length, entries: entries.length },
    firstIndex: entries[0]?.index ?? null,
    lastIndex: entries[entries.length - 1]?.index ?? null,
    hard: batches.findLast(({ hard }) => hard !== null)?.hard ?? null,
    truncateFrom: cuts.length > 0 ? Math.min(...cuts) : null,
    snapshot: batches.map(({ snapshot, mark }) => snapshot ?? mark?.meta ?? null)
      .findLast((meta) => meta !== null) ?? null,
  };
}

function plain({ id: _, ...header }: SegmentHeader): Omit<SegmentHeader, "id"> {
  return header;
}

function verify(fs: ReadFs, path: string): SnapshotFile {
  const file = fs.open(path);
  try {
    return verifySnapshot(file);
  } finally {
    file.close();
  }
}
