import assert from "node:assert/strict";
import { ManualClock, silentLog, WarrenError } from "../../lib/mod.ts";
import type { SnapshotMeta } from "../../raft/mod.ts";
import type { SnapshotFile } from "../disk/disk.ts";
import type { SnapshotMessage, Transport } from "../transport/transport.ts";
import { EntrySizes } from "./entry_sizes.ts";
import type { MachinePort } from "./machine_port.ts";
import type { CommittedEntry } from "./protocol.ts";
import { type KeeperParts, SnapshotKeeper } from "./snapshot_keeper.ts";
import { RESEND_MS } from "./snapshot_sends.ts";
import { MemoryDisk } from "./testing/memory_disk.ts";

const MEMBERSHIP = { voters: ["a"], outgoing: [], learners: [] };

function metaOf(index: number): SnapshotMeta {
  return { index, term: 1, membership: MEMBERSHIP };
}

/** A disk that holds every snapshot up to `newest`, and only that one once a newer one is in force. */
class Disk extends MemoryDisk {
  newest = 0;
  gate: Promise<void> = Promise.resolve();

  override async readSnapshot(index: number, offset: number): Promise<Uint8Array | null> {
    await this.gate;
    if (index !== this.newest) return null;
    return offset === 0 ? Uint8Array.of(index) : new Uint8Array();
  }

  override findSnapshot(index: number): Promise<SnapshotFile | null> {
    const file = { meta: metaOf(index), sizeBytes: 1, digest: "" };
    return Promise.resolve(index === this.newest ? file : null);
  }

  holdReads(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gate = promise;
    return resolve;
  }
}

/** A keeper with a core that is a range of entries, and all that it tells. */
class Bench {
  readonly disk = new Disk();
  readonly clock = new ManualClock();
  readonly told: string[] = [];
  readonly faults: string[] = [];
  /** The core knows the entries after it. */
  base = 0;
  readonly keeper: SnapshotKeeper;

  constructor(index: number, more: Partial<KeeperParts> = {}) {
    this.base = index;
    this.disk.newest = index;
    const { told } = this;
    this.keeper = new SnapshotKeeper({
      core: {
        compact: (_, keepFrom) => keepFrom,
        snapshotMeta: (at) => {
          assert(at > this.base, "the entry of the snapshot is known");
          return metaOf(at);
        },
        status: () => ({ committed: this.base }) as never,
        termAt: (at) => at > this.base ? 1 : undefined,
      },
      disk: this.disk,
      clock: this.clock,
      log: silentLog,
      port: {
        apply: (entries: readonly CommittedEntry[]) =>
          entries.forEach((one) => told.push(`apply ${one.index}`)),
        restore: (at: number) => told.push(`restore ${at}`),
        save: () => told.push("save"),
        saving: () => told.push("saving"),
      } as Partial<MachinePort> as MachinePort,
      snapshotThreshold: 10,
      trailingLogs: 5,
      onReport: (peer, what) => told.push(`${peer} ${what}`),
      onFailed: (error, doing) => this.faults.push(`${doing}: ${error}`),
      ...more,
    }, index);
  }

  apply(index: number, data = new Uint8Array()): void {
    this.keeper.apply([{ index, term: 1, data }]);
  }

  /** The leader's snapshot at `index` replaces the log. */
  install(index: number): void {
    this.base = index;
    this.disk.newest = index;
    this.keeper.installed(metaOf(index));
  }
}

/** Lets everything run that waits for nothing else. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

Deno.test("SnapshotKeeper holds entries back until the state of the start is handed out", async () => {
  const bench = new Bench(5);
  const release = bench.disk.holdReads();
  bench.apply(6);
  const restored = bench.keeper.restoreNewest();
  bench.apply(7);
  release();
  await restored;
  bench.apply(8);
  assert.deepEqual(bench.told, ["restore 5", "apply 6", "apply 7", "apply 8"]);
});

Deno.test("SnapshotKeeper hands out the last of two snapshots that come in a row, and nothing older", async () => {
  const bench = new Bench(0);
  const release = bench.disk.holdReads();
  bench.install(20);
  bench.apply(21);
  bench.install(40);
  bench.apply(41);
  release();
  await settle();
  assert.deepEqual(bench.told, ["restore 40", "apply 41"]);
  assert.deepEqual(bench.faults, []);
});

Deno.test("SnapshotKeeper answers for a state that a leader's snapshot has overtaken, and asks again", async () => {
  const bench = new Bench(0);
  bench.keeper.applied(10);
  bench.keeper.maybeSave();
  // The core has taken the snapshot, and its write is on the way.
  bench.base = 40;
  bench.keeper.stateBegin(10);
  await settle();
  bench.install(40);
  bench.keeper.stateChunk(Uint8Array.of(1));
  bench.keeper.stateEnd();
  await settle();
  assert.deepEqual(bench.told, ["save", "saving", "restore 40", "saving", "saving"]);
  bench.keeper.applied(50);
  bench.keeper.maybeSave();
  assert.equal(bench.told.at(-1), "save");
  assert.deepEqual(bench.faults, []);
});

Deno.test("SnapshotKeeper takes a snapshot for a few large entries, and not again for each after it", async () => {
  const bench = new Bench(0);
  for (let index = 1; index <= 5; index++) bench.apply(index, new Uint8Array(16 * 1024 * 1024));
  bench.keeper.applied(5);
  bench.keeper.maybeSave();
  assert.equal(bench.told.at(-1), "save");
  bench.keeper.stateBegin(5);
  bench.keeper.stateEnd();
  await settle();
  bench.told.length = 0;
  bench.apply(6);
  bench.keeper.applied(6);
  bench.keeper.maybeSave();
  assert.deepEqual(bench.told, ["apply 6"]);
});

Deno.test("EntrySizes keeps no more behind a snapshot than a number and a size allow", () => {
  const sizes = new EntrySizes();
  for (let index = 1; index <= 20; index++) sizes.note(index, 68);
  assert.equal(sizes.after(15), 500);
  assert.equal(sizes.keepFrom(20, { count: 5, maxBytes: Infinity }), 16);
  assert.equal(sizes.keepFrom(20, { count: 100, maxBytes: 300 }), 17);
  assert.equal(sizes.keepFrom(3, { count: 100, maxBytes: Infinity }), 1);
  sizes.forgetBefore(10);
  assert.equal(sizes.after(0), 1_100);
  sizes.note(100, 0);
  assert.equal(sizes.after(0), 32);
});

interface Sending {
  readonly transport: Transport;
  /** Ends the newest attempt. */
  readonly end: (error?: WarrenError) => Promise<void>;
  attempts: number;
}

function sending(): Sending {
  const pending: PromiseWithResolvers<void>[] = [];
  const transport = {
    sendSnapshot: () => {
      const made = Promise.withResolvers<void>();
      pending.push(made);
      return made.promise;
    },
  } as Partial<Transport> as Transport;
  return {
    transport,
    end: async (error) => {
      await settle();
      const newest = pending.at(-1);
      if (error) newest?.reject(error);
      else newest?.resolve();
      await settle();
    },
    get attempts() {
      return pending.length;
    },
  };
}

const MESSAGE: SnapshotMessage = {
  kind: "snapshot",
  from: "a",
  to: "b",
  term: 1,
  snapshot: metaOf(10),
};
const UNREACHABLE = new WarrenError("NODE_UNREACHABLE", "nobody answers");

/** A keeper that has saved a snapshot at 10. */
async function saved(): Promise<Bench> {
  const bench = new Bench(0);
  bench.keeper.applied(10);
  bench.keeper.maybeSave();
  bench.keeper.stateBegin(10);
  bench.keeper.stateEnd();
  await settle();
  bench.disk.newest = 10;
  bench.told.length = 0;
  return bench;
}

Deno.test("a snapshot for a member that cannot be reached is not sent again at once", async () => {
  const bench = await saved();
  const { transport, end } = sending();
  bench.keeper.sends.send(transport, MESSAGE);
  await end(UNREACHABLE);
  assert.deepEqual(bench.told, []);
  await bench.clock.advance(RESEND_MS);
  assert.deepEqual(bench.told, ["b snapshot failed"]);
  bench.keeper.sends.send(transport, MESSAGE);
  await end(UNREACHABLE);
  bench.keeper.sends.wake("b");
  assert.equal(bench.told.length, 2);
  bench.keeper.sends.send(transport, MESSAGE);
  await end();
  assert.equal(bench.told.at(-1), "b snapshot sent");
  bench.keeper.sends.wake("b");
  assert.equal(bench.told.length, 3);
  await bench.keeper.stop();
});

Deno.test("what was sent to a member's former life is not reported for the present one", async () => {
  const bench = await saved();
  const { transport, end } = sending();
  bench.keeper.sends.send(transport, MESSAGE);
  bench.keeper.sends.forget("b");
  await end(UNREACHABLE);
  await bench.clock.advance(RESEND_MS);
  assert.deepEqual(bench.told, []);
  await bench.keeper.stop();
});

Deno.test("a snapshot that is gone is reported at once, since a newer one is there", async () => {
  const bench = await saved();
  const { transport } = sending();
  bench.keeper.sends.send(transport, { ...MESSAGE, snapshot: metaOf(3) });
  await settle();
  assert.deepEqual(bench.told, ["b snapshot failed"]);
  await bench.keeper.stop();
});

Deno.test("the next snapshot waits until the one that is being sent has arrived", async () => {
  const bench = await saved();
  const { transport, end } = sending();
  bench.keeper.sends.send(transport, MESSAGE);
  bench.keeper.applied(100);
  bench.keeper.maybeSave();
  assert.deepEqual(bench.told, []);
  await end();
  bench.keeper.maybeSave();
  assert.deepEqual(bench.told, ["b snapshot sent", "save"]);
  await bench.keeper.stop();
});
