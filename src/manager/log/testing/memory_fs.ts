/**
 * {@link LogFs} in memory, with faults: for tests of the log and for the simulator.
 *
 * It keeps apart what is durable and what only looks so. `crash` gives the disk that a restart would
 * find: unsynced bytes are kept or lost as asked, unsynced names likewise. A budget of bytes stops
 * the machine in the middle of any write.
 */
import { assert } from "../../../lib/mod.ts";
import type { LogFile, LogFs } from "../log_fs.ts";

/** Thrown by every operation once the simulated machine has stopped. */
export class CrashedError extends Error {
  override name = "CrashedError";
}

interface Inode {
  /** What a reader sees. */
  bytes: Uint8Array;
  /** What survives any crash. */
  durable: Uint8Array;
}

/** What a crash leaves of the unsynced part. */
export interface CrashOutcome {
  /** True keeps unsynced bytes, as when only the process died; false loses them. */
  readonly keepUnsynced: boolean;
}

/** An in-memory disk. */
export class MemoryFs implements LogFs {
  /** Names as a reader sees them, and as a crash leaves them. */
  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  #budgetBytes = Infinity;
  #isCrashed = false;
  #failingSyncs = 0;
  #failingAppends = 0;
  /** Calls of `append` and `sync` and bytes written so far. */
  readonly counts = { appends: 0, syncs: 0, bytes: 0 };

  /** Stops the machine within the append that would write the byte after `bytes` more. */
  crashAfter(bytes: number): void {
    this.#budgetBytes = bytes;
  }

  /** Makes the next `count` syncs fail without making anything durable. */
  failSyncs(count: number): void {
    this.#failingSyncs = count;
  }

  /** Makes the next `count` appends fail half way, as on a full disk. */
  failAppends(count: number): void {
    this.#failingAppends = count;
  }

  /** The disk as the next start finds it; this one answers nothing any more. */
  crash(outcome: CrashOutcome): MemoryFs {
    this.#isCrashed = true;
    const next = new MemoryFs();
    const names = outcome.keepUnsynced ? this.#names : this.#durableNames;
    for (const [path, { bytes, durable }] of names) {
      const left = (outcome.keepUnsynced ? bytes : durable).slice();
      const inode = { bytes: left, durable: left };
      next.#names.set(path, inode);
      next.#durableNames.set(path, inode);
    }
    return next;
  }

  /** Changes a stored file behind the back of its users. */
  damage(path: string, change: (bytes: Uint8Array) => Uint8Array): void {
    const inode = this.#find(path);
    inode.bytes = change(inode.bytes.slice());
    inode.durable = inode.bytes;
  }

  /** Every path, sorted. */
  paths(): readonly string[] {
    return [...this.#names.keys()].sort();
  }

  async makeDir(): Promise<void> {
    await this.#turn();
  }

  async list(path: string): Promise<readonly string[]> {
    await this.#turn();
    const inside = this.paths().filter((name) => name.startsWith(`${path}/`));
    return inside.map((name) => name.slice(path.length + 1)).filter((name) => !name.includes("/"));
  }

  async read(path: string): Promise<Uint8Array> {
    await this.#turn();
    return this.#find(path).bytes.slice();
  }

  async create(path: string): Promise<LogFile> {
    await this.#turn();
    const inode = { bytes: new Uint8Array(), durable: new Uint8Array() };
    this.#names.set(path, inode);
    return this.#file(inode);
  }

  async open(path: string): Promise<LogFile> {
    await this.#turn();
    return this.#file(this.#find(path));
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#turn();
    this.#names.set(to, this.#find(from));
    this.#names.delete(from);
  }

  async remove(path: string): Promise<void> {
    await this.#turn();
    this.#find(path);
    this.#names.delete(path);
  }

  async syncDir(path: string): Promise<void> {
    await this.#turn();
    for (const name of [...this.#durableNames.keys()]) {
      if (name.startsWith(`${path}/`)) this.#durableNames.delete(name);
    }
    for (const [name, inode] of this.#names) {
      if (name.startsWith(`${path}/`)) this.#durableNames.set(name, inode);
    }
  }

  #file(inode: Inode): LogFile {
    return {
      append: async (bytes) => {
        await this.#turn();
        this.#append(inode, bytes);
      },
      sync: async () => {
        await this.#turn();
        this.counts.syncs++;
        if (this.#failingSyncs > 0) {
          this.#failingSyncs--;
          throw new Error("input/output error");
        }
        inode.durable = inode.bytes;
      },
      truncate: async (sizeBytes) => {
        await this.#turn();
        inode.bytes = inode.bytes.slice(0, sizeBytes);
      },
      close: () => {},
    };
  }

  #append(inode: Inode, bytes: Uint8Array): void {
    this.counts.appends++;
    const isFailing = this.#failingAppends > 0;
    if (isFailing) this.#failingAppends--;
    const room = Math.min(isFailing ? bytes.length >> 1 : bytes.length, this.#budgetBytes);
    const longer = new Uint8Array(inode.bytes.length + room);
    longer.set(inode.bytes);
    longer.set(bytes.subarray(0, room), inode.bytes.length);
    inode.bytes = longer;
    this.#budgetBytes -= room;
    this.counts.bytes += room;
    if (isFailing) throw new Error("no space left on device");
    if (room < bytes.length) {
      this.#isCrashed = true;
      throw new CrashedError("the machine has stopped");
    }
  }

  #find(path: string): Inode {
    const inode = this.#names.get(path);
    if (!inode) throw new Error(`no such file: ${path}`);
    return inode;
  }

  async #turn(): Promise<void> {
    await Promise.resolve();
    if (this.#isCrashed) throw new CrashedError("the machine has stopped");
    assert(this.#budgetBytes >= 0, "a budget is not overdrawn");
  }
}
