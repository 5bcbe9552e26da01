/**
 * {@link Fs} in memory, with faults: for tests of the disk and for the simulator.
 *
 * It keeps apart what is durable and what only looks so. `crash` gives the disk that a restart would
 * find: of every sector one of the versions written since the last sync, of the names any part of the
 * changes since the last sync of their directory. Calls can be made to fail or to stop the machine.
 */
import type { Prng } from "../../../lib/mod.ts";
import type { Fs, FsFile } from "../fs.ts";

/** Bytes that a disk writes wholly or not at all. */
export const SECTOR_BYTES = 512;

/** Thrown by every operation once the simulated machine has stopped. */
export class CrashedError extends Error {
  override name = "CrashedError";
}

/** A failure as the operating system words it. */
export class IoError extends Error {
  override name = "IoError";
  constructor(readonly code: "EIO" | "ENOSPC" | "ENOENT", path: string) {
    super(`${code}: ${path}`);
  }
}

interface Inode {
  bytes: Uint8Array<ArrayBuffer>;
  durable: Uint8Array<ArrayBuffer>;
  /** Versions of each sector written since the last sync, the oldest first. */
  readonly unsynced: Map<number, Uint8Array<ArrayBuffer>[]>;
}

/** One change of names: what is taken away and what is put there, at once. */
interface NameChange {
  readonly removed: string | null;
  readonly added: { readonly path: string; readonly inode: Inode } | null;
}

/** What a crash leaves of the unsynced part. */
export type CrashOutcome = "all" | "nothing" | "in order" | "any part";

/** The operations that count as calls and can be made to fail. */
export type FsCall =
  | "create"
  | "open"
  | "read"
  | "write"
  | "sync"
  | "truncate"
  | "rename"
  | "remove"
  | "syncDir"
  | "list";

/** An in-memory disk. */
export class MemoryFs implements Fs {
  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  #nameChanges: NameChange[] = [];
  #callsLeft = Infinity;
  #isCrashed = false;
  #failures: { call: FsCall; skip: number; count: number; pattern: string }[] = [];
  /** Bytes of all files together that fit. */
  capacityBytes = Infinity;
  /** Calls so far; those that only read do not count. */
  calls = 0;
  /** Syncs so far. */
  syncs = 0;

  /** Lets `calls` more changes happen and stops the machine before the next. */
  stopAfter(calls: number): void {
    this.#callsLeft = calls;
  }

  /** Makes `count` calls on paths that contain `pattern` fail with EIO, after `skip` that succeed. */
  fail(call: FsCall, { skip = 0, count = 1, pattern = "" } = {}): void {
    this.#failures.push({ call, skip, count, pattern });
  }

  /** The disk as the next start finds it; this one answers nothing any more. */
  crash(outcome: CrashOutcome, prng: Prng): MemoryFs {
    this.#isCrashed = true;
    const next = new MemoryFs();
    const left = new Map<Inode, Inode>();
    const survivorOf = (inode: Inode): Inode => {
      const known = left.get(inode);
      if (known) return known;
      const bytes = survivingBytes(inode, outcome, prng);
      const made = { bytes, durable: bytes.slice(), unsynced: new Map() };
      left.set(inode, made);
      return made;
    };
    for (const [path, inode] of this.#survivingNames(outcome, prng)) {
      next.#names.set(path, survivorOf(inode));
    }
    next.#durableNames = new Map(next.#names);
    return next;
  }

  #survivingNames(outcome: CrashOutcome, prng: Prng): Map<string, Inode> {
    const names = new Map(this.#durableNames);
    const kept = outcome === "in order" ? prng.below(this.#nameChanges.length + 1) : 0;
    this.#nameChanges.forEach((change, at) => {
      const isKept = outcome === "all" || outcome === "any part" && prng.chance(0.5) ||
        outcome === "in order" && at < kept;
      if (isKept) applyChange(names, change);
    });
    return names;
  }

  /** An independent disk with the same durable and visible content, which are made the same. */
  copy(): MemoryFs {
    const next = new MemoryFs();
    for (const [path, { bytes }] of this.#names) {
      next.#names.set(path, { bytes: bytes.slice(), durable: bytes.slice(), unsynced: new Map() });
    }
    next.#durableNames = new Map(next.#names);
    return next;
  }

  /** Changes a stored file behind the back of its users. */
  damage(path: string, change: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>): void {
    const inode = this.#find(path);
    inode.bytes = change(inode.bytes.slice());
    inode.durable = inode.bytes.slice();
    inode.unsynced.clear();
  }

  /** Every path, sorted. */
  paths(): readonly string[] {
    return [...this.#names.keys()].sort();
  }

  /** Bytes of all files. */
  usedBytes(): number {
    return [...this.#names.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  makeDir(): void {}

  list(path: string): readonly string[] {
    this.#turn("list", path);
    const inside = this.paths().filter((name) => name.startsWith(`${path}/`));
    return inside.map((name) => name.slice(path.length + 1)).filter((name) => !name.includes("/"));
  }

  create(path: string): FsFile {
    this.#turn("create", path);
    const inode = { bytes: new Uint8Array(), durable: new Uint8Array(), unsynced: new Map() };
    this.#change({ removed: null, added: { path, inode } });
    return this.#file(path, inode);
  }

  open(path: string): FsFile {
    this.#turn("open", path);
    return this.#file(path, this.#find(path));
  }

  remove(path: string): void {
    this.#turn("remove", path);
    this.#find(path);
    this.#change({ removed: path, added: null });
  }

  syncDir(path: string): void {
    this.#turn("syncDir", path);
    for (const change of this.#nameChanges) applyChange(this.#durableNames, change);
    this.#nameChanges = [];
  }

  #change(change: NameChange): void {
    applyChange(this.#names, change);
    this.#nameChanges.push(change);
  }

  #file(openedPath: string, inode: Inode): FsFile {
    let path = openedPath;
    return {
      get path() {
        return path;
      },
      sizeBytes: () => inode.bytes.length,
      readAt: (offset, length) => {
        this.#turn("read", path);
        return inode.bytes.slice(offset, offset + length);
      },
      writeAt: (offset, bytes) => {
        this.#turn("write", path);
        const growth = Math.max(0, offset + bytes.length - inode.bytes.length);
        if (growth > 0 && this.usedBytes() + growth > this.capacityBytes) {
          throw new IoError("ENOSPC", path);
        }
        write(inode, offset, bytes);
      },
      sync: () => {
        this.#turn("sync", path);
        this.syncs++;
        inode.durable = inode.bytes.slice();
        inode.unsynced.clear();
      },
      truncate: (sizeBytes) => {
        this.#turn("truncate", path);
        inode.bytes = inode.bytes.slice(0, sizeBytes);
      },
      rename: (to) => {
        this.#turn("rename", path);
        this.#change({ removed: path, added: { path: to, inode } });
        path = to;
      },
      close: () => {},
    };
  }

  #find(path: string): Inode {
    const inode = this.#names.get(path);
    if (!inode) throw new IoError("ENOENT", path);
    return inode;
  }

  #turn(call: FsCall, path: string): void {
    if (this.#isCrashed) throw new CrashedError("the machine has stopped");
    if (call !== "read" && call !== "list" && call !== "open") {
      if (this.#callsLeft <= 0) {
        this.#isCrashed = true;
        throw new CrashedError("the machine has stopped");
      }
      this.#callsLeft--;
      this.calls++;
    }
    const failure = this.#failures.find((one) => one.call === call && path.includes(one.pattern));
    if (!failure) return;
    if (failure.skip > 0) return void failure.skip--;
    failure.count--;
    if (failure.count === 0) this.#failures = this.#failures.filter((one) => one !== failure);
    throw new IoError("EIO", path);
  }
}

function applyChange(names: Map<string, Inode>, { removed, added }: NameChange): void {
  if (removed !== null) names.delete(removed);
  if (added !== null) names.set(added.path, added.inode);
}

function write(inode: Inode, offset: number, bytes: Uint8Array): void {
  const end = offset + bytes.length;
  if (end > inode.bytes.length) {
    const longer = new Uint8Array(end);
    longer.set(inode.bytes);
    inode.bytes = longer;
  }
  inode.bytes.set(bytes, offset);
  for (let sector = Math.floor(offset / SECTOR_BYTES); sector * SECTOR_BYTES < end; sector++) {
    const versions = inode.unsynced.get(sector) ?? [];
    versions.push(inode.bytes.slice(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES));
    inode.unsynced.set(sector, versions);
  }
}

function survivingBytes(
  inode: Inode,
  outcome: CrashOutcome,
  prng: Prng,
): Uint8Array<ArrayBuffer> {
  if (outcome === "all") return inode.bytes.slice();
  if (outcome === "nothing") return inode.durable.slice();
  let left = inode.durable.slice();
  const sectors = [...inode.unsynced.keys()].sort((a, b) => a - b);
  const cut = prng.below(sectors.length + 1);
  sectors.forEach((sector, at) => {
    const versions = inode.unsynced.get(sector) ?? [];
    const isKept = outcome === "in order" ? at < cut : prng.chance(0.5);
    if (!isKept) return;
    const version = outcome === "in order" ? versions.at(-1) : prng.pick(versions);
    if (!version) return;
    const start = sector * SECTOR_BYTES;
    if (start + version.length > left.length) {
      const longer = new Uint8Array(start + version.length);
      longer.set(left);
      left = longer;
    }
    left.set(version, start);
  });
  return left;
}
