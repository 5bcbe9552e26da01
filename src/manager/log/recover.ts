/**
 * Reading a log directory at the start: the newest snapshot, then every entry after it.
 *
 * Anything that does not fit together is refused, never guessed at. The only thing cut is the torn
 * end of the last segment, which nobody was told was durable.
 */
import { WarrenError } from "../../lib/mod.ts";
import type { LogRecord } from "./frame.ts";
import type { LogFs } from "./log_fs.ts";
import { corruptAt, parseSegmentName, readSegment, type SegmentContent } from "./segment.ts";
import { parseSnapshotName, readSnapshot } from "./snapshot_file.ts";

/** Told what was found, in order: at most one snapshot, then the entries after it. */
export interface Recovery {
  /** The state at `index`. */
  restore(index: number, state: Uint8Array): void;
  /** The next entry. */
  replay(record: LogRecord): void;
}

/** The segment that the log continues in. */
export interface RecoveredTail {
  readonly path: string;
  readonly goodBytes: number;
  /** Torn bytes after the good ones; the caller cuts them. */
  readonly cutBytes: number;
  readonly nextIndex: number;
  readonly checksum: number;
}

/**
 * Reads `dir`, made when absent, into `recovery`. Undefined when no log was ever there.
 *
 * @throws WarrenError DATA_CORRUPT naming file and offset.
 */
export async function recoverLog(
  fs: LogFs,
  dir: string,
  recovery: Recovery,
): Promise<RecoveredTail | undefined> {
  await fs.makeDir(dir);
  const names = await fs.list(dir);
  for (const name of names) if (name.endsWith(".new")) await fs.remove(`${dir}/${name}`);
  const snapshotIndex = await restoreNewest(fs, dir, { names, recovery });
  const segments = names.filter((name) => parseSegmentName(name) !== undefined);
  if (segments.length === 0 && snapshotIndex === 0) return undefined;
  return await replaySegments(fs, dir, { segments, snapshotIndex, recovery });
}

async function restoreNewest(
  fs: LogFs,
  dir: string,
  { names, recovery }: { readonly names: readonly string[]; readonly recovery: Recovery },
): Promise<number> {
  const newest = names.filter((name) => parseSnapshotName(name) !== undefined).at(-1);
  if (newest === undefined) return 0;
  const path = `${dir}/${newest}`;
  const index = parseSnapshotName(newest) ?? 0;
  recovery.restore(index, readSnapshot(path, await fs.read(path)));
  return index;
}

interface Segments {
  readonly segments: readonly string[];
  readonly snapshotIndex: number;
  readonly recovery: Recovery;
}

async function replaySegments(
  fs: LogFs,
  dir: string,
  { segments, snapshotIndex, recovery }: Segments,
): Promise<RecoveredTail> {
  let tail: RecoveredTail | undefined;
  for (const name of segments) {
    const path = `${dir}/${name}`;
    const file = await fs.read(path);
    const content = readSegment(path, file, name === segments.at(-1));
    refuseGap(path, content, { before: tail, snapshotIndex });
    for (const record of content.records) {
      if (record.index > snapshotIndex) recovery.replay(record);
    }
    const { goodBytes, nextIndex, checksum } = content;
    tail = { path, goodBytes, cutBytes: file.length - goodBytes, nextIndex, checksum };
  }
  if (tail && tail.nextIndex > snapshotIndex) return tail;
  const what =
    `Cannot read "${dir}": the log file after the snapshot at ${snapshotIndex} is missing`;
  throw new WarrenError("DATA_CORRUPT", what);
}

function refuseGap(
  path: string,
  { header }: SegmentContent,
  { before, snapshotIndex }: {
    readonly before: RecoveredTail | undefined;
    readonly snapshotIndex: number;
  },
): void {
  if (header.firstIndex !== parseSegmentName(path.slice(path.lastIndexOf("/") + 1))) {
    throw corruptAt(path, 12, `it begins with entry ${header.firstIndex}, unlike its name`);
  }
  if (!before) {
    if (header.firstIndex <= snapshotIndex + 1) return;
    const missing = `entries ${snapshotIndex + 1} to ${header.firstIndex - 1} are missing`;
    throw corruptAt(path, 12, missing);
  }
  if (header.firstIndex === before.nextIndex && header.previousChecksum === before.checksum) return;
  throw corruptAt(path, 12, `it does not follow "${before.path}"`);
}
