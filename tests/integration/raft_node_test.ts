/**
 * A member with its real threads and its real disk: what a manager's main thread relies on.
 */
import assert from "node:assert/strict";
import { noMetrics, realClock, silentLog, sleep, WarrenError } from "../../src/lib/mod.ts";
import { RaftNode, type RaftSetup, storeMachine } from "../../src/manager/mod.ts";
import { DEFAULT_TIMES } from "../../src/raft/mod.ts";
import { type Action, Store } from "../../src/store/mod.ts";

const MEMBER = "member0000000000000000000";

function setup(dir: string, more: Partial<RaftSetup> = {}): RaftSetup {
  return {
    clusterId: "test",
    memberId: MEMBER,
    isFounder: true,
    mustHaveLog: false,
    dir,
    listenAddr: "127.0.0.1:0",
    advertiseAddr: "",
    peers: [],
    times: DEFAULT_TIMES,
    snapshotThreshold: 1_000_000,
    trailingLogs: 1_000,
    logLevel: "error",
    ...more,
  };
}

interface Started extends AsyncDisposable {
  readonly raft: RaftNode;
  readonly store: Store;
  readonly faults: WarrenError[];
}

async function start(raftSetup: RaftSetup): Promise<Started> {
  const store = new Store();
  const faults: WarrenError[] = [];
  const raft = await RaftNode.start({
    setup: raftSetup,
    machine: storeMachine(store),
    clock: realClock,
    log: silentLog,
    metrics: noMetrics,
    onFault: (fault) => faults.push(fault),
    onRemoved: () => {},
    onAddress: () => {},
  });
  return { raft, store, faults, [Symbol.asyncDispose]: () => raft.stop() };
}

/** A change that is taken any number of times. */
function config(name: string, text: string): Action {
  return {
    kind: "config.create",
    config: {
      id: name as never,
      name,
      labels: {},
      data: text,
      createdMs: 0,
      updatedMs: 0,
    } as never,
  };
}

async function withDir(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "warren-raft-" });
  try {
    await work(`${dir}/log`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("a member alone answers once a change is durable and applied, and has it after a restart", () =>
  withDir(async (dir) => {
    {
      await using member = await start(setup(dir));
      const applied = await member.raft.propose([config("a", "one")]);
      assert.equal(applied.ok, true);
      const refused = await member.raft.propose([config("a", "two")]);
      assert.equal(refused.ok, false);
      await member.raft.fresh(new AbortController().signal);
    }
    await using again = await start(setup(dir, { mustHaveLog: true }));
    await again.raft.fresh(new AbortController().signal);
    assert.equal([...again.store.view.configs()].length, 1);
  }));

Deno.test("a change proposed twice under one request id is applied once", () =>
  withDir(async (dir) => {
    await using member = await start(setup(dir));
    const first = await member.raft.propose([config("a", "one")], { requestId: "r1" });
    const second = await member.raft.propose([config("a", "one")], { requestId: "r1" });
    assert.deepEqual(second, first);
  }));

Deno.test("snapshots are taken while changes go on, and a restart begins from the newest", () =>
  withDir(async (dir) => {
    const limits = { snapshotThreshold: 50, trailingLogs: 10 };
    {
      await using member = await start(setup(dir, limits));
      for (let round = 0; round < 20; round++) {
        const names = Array.from({ length: 20 }, (_, at) => `c${round}-${at}`);
        await Promise.all(names.map((name) => member.raft.propose([config(name, name)])));
      }
    }
    const files = [...Deno.readDirSync(dir)].map(({ name }) => name);
    assert(files.some((name) => name.endsWith(".snapshot") || name.includes("snap")), files.join());
    await using again = await start(setup(dir, { ...limits, mustHaveLog: true }));
    await again.raft.fresh(new AbortController().signal);
    assert.equal([...again.store.view.configs()].length, 400);
  }));

Deno.test("a log that was there before and is gone now is refused, not begun anew", () =>
  withDir(async (dir) => {
    for (let attempt = 0; attempt < 2; attempt++) {
      await assert.rejects(start(setup(dir, { mustHaveLog: true })), { reason: "DATA_CORRUPT" });
    }
  }));

Deno.test("a change that is too large is refused before it is sent anywhere", () =>
  withDir(async (dir) => {
    await using member = await start(setup(dir));
    const huge = member.raft.propose([config("a", "x".repeat(5 * 1024 * 1024))]);
    await assert.rejects(huge, { reason: "PROPOSAL_TOO_LARGE" });
  }));

Deno.test("a member that stops refuses new changes, and an aborted wait ends at once", () =>
  withDir(async (dir) => {
    const member = await start(setup(dir));
    const abort = new AbortController();
    const waiting = member.raft.propose([config("a", "one")], { signal: abort.signal });
    abort.abort(new WarrenError("ABORTED_BY_USER", "gone"));
    await assert.rejects(waiting, { reason: "ABORTED_BY_USER" });
    await member.raft.stop();
    await assert.rejects(member.raft.propose([config("b", "two")]), { reason: "STOPPING" });
    assert.deepEqual(member.faults, []);
  }));

Deno.test("an address that other machines reach is refused until there is TLS", () =>
  withDir(async (dir) => {
    const open = setup(dir, { listenAddr: "0.0.0.0:0" });
    await assert.rejects(start(open), { reason: "NOT_PERMITTED" });
  }));

Deno.test("a read that waits when the member stops is refused, not answered with what is there", () =>
  withDir(async (dir) => {
    const store = new Store();
    // A state machine that never gets anywhere.
    const machine = { ...storeMachine(store), index: 0, skip: () => {} };
    const raft = await RaftNode.start({
      setup: setup(dir),
      machine,
      clock: realClock,
      log: silentLog,
      metrics: noMetrics,
      onFault: () => {},
      onRemoved: () => {},
      onAddress: () => {},
    });
    const waiting = raft.fresh(new AbortController().signal);
    const isConfirmed = () => (raft.status?.leadership ?? null) !== null;
    while (!isConfirmed()) await sleep(realClock, 5);
    await Promise.all([assert.rejects(waiting, { reason: "STOPPING" }), raft.stop()]);
    await assert.rejects(raft.fresh(new AbortController().signal), { reason: "STOPPING" });
  }));
