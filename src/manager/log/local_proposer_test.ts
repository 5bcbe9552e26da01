/** The single member's proposer: answers, order, batches, bounds, faults, snapshots, restarts. */
import assert from "node:assert/strict";
import {
  type Histogram,
  type Metrics,
  type MetricSpec,
  noMetrics,
  realClock,
  seededIds,
  silentLog,
  WarrenError,
} from "../../lib/mod.ts";
import { asId, defaultServiceSpec, type LogIndex } from "../../model/mod.ts";
import { type Action, type Applied, Store } from "../../store/mod.ts";
import { denoFs } from "./deno_fs.ts";
import { LocalProposer, type LocalProposerOptions } from "./local_proposer.ts";
import { QUEUE_LIMITS } from "./proposal_queue.ts";
import { MemoryFs } from "./testing/memory_fs.ts";

const ids = seededIds(7);

function create(name: string): Action {
  const spec = defaultServiceSpec(name);
  return { kind: "service.create", service: { id: asId(ids.next()), spec } };
}

interface Member {
  readonly proposer: LocalProposer;
  readonly store: Store;
  readonly faults: WarrenError[];
}

async function start(fs: MemoryFs, parts: Partial<LocalProposerOptions> = {}): Promise<Member> {
  const store = new Store();
  const faults: WarrenError[] = [];
  const proposer = await LocalProposer.open({
    fs,
    dir: "/log",
    store,
    clock: realClock,
    log: silentLog,
    metrics: noMetrics,
    onFault: (fault) => faults.push(fault),
    ...parts,
  });
  return { proposer, store, faults };
}

function indexOf(applied: Applied): LogIndex {
  assert(applied.ok, "the proposal is accepted");
  return applied.index;
}

async function refusal(work: Promise<unknown>): Promise<WarrenError> {
  const error = await work.then(() => undefined, (thrown: unknown) => thrown);
  assert(error instanceof WarrenError);
  return error;
}

Deno.test("LocalProposer answers once a change is durable and applied", async () => {
  const fs = new MemoryFs();
  const { proposer, store } = await start(fs);
  assert.equal(indexOf(await proposer.propose([create("web")])), 1);
  assert.equal(store.view.serviceByName("web")?.version, 1);
  const restarted = await start(fs.crash({ keepUnsynced: false }));
  assert.equal(restarted.store.view.serviceByName("web")?.version, 1);
  await restarted.proposer.close();
});

Deno.test("LocalProposer answers a refused precondition, and throws nothing", async () => {
  const { proposer } = await start(new MemoryFs());
  await proposer.propose([create("web")]);
  const applied = await proposer.propose([create("web")]);
  assert(!applied.ok);
  assert.equal(applied.error.reason, "SERVICE_NAME_TAKEN");
  assert.equal(indexOf(await proposer.propose([create("api")])), 3);
  await proposer.close();
});

Deno.test("LocalProposer applies and answers in the order of proposals", async () => {
  const { proposer, store } = await start(new MemoryFs());
  const answered: number[] = [];
  const seen: string[] = [];
  store.feed.subscribe(({ changes }) => {
    for (const { after } of changes) if (after && "spec" in after) seen.push(after.id);
  });
  const actions = Array.from({ length: 200 }, (_, at) => create(`s${at}`));
  await Promise.all(actions.map(async (action) => {
    answered.push(indexOf(await proposer.propose([action])));
  }));
  assert.deepEqual(answered, actions.map((_, at) => at + 1));
  assert.deepEqual(seen, actions.map((one) => one.kind === "service.create" ? one.service.id : ""));
  await proposer.close();
});

Deno.test("LocalProposer writes what arrives during a write as one batch", async () => {
  const fs = new MemoryFs();
  const { proposer } = await start(fs);
  const { syncs } = fs.counts;
  await Promise.all(Array.from({ length: 500 }, (_, at) => proposer.propose([create(`s${at}`)])));
  assert(fs.counts.syncs - syncs <= 3, `${fs.counts.syncs - syncs} syncs`);
  await proposer.close();
});

Deno.test("LocalProposer carries out a repeated request once", async () => {
  const fs = new MemoryFs();
  const { proposer } = await start(fs);
  const action = create("web");
  const answers = await Promise.all([1, 2].map(() => {
    return proposer.propose([action], { requestId: "r1" });
  }));
  assert.deepEqual(answers.map(indexOf), [1, 1]);
  await proposer.close();
  const restarted = await start(fs);
  const applied = await restarted.proposer.propose([action], { requestId: "r1" });
  assert.equal(indexOf(applied), 1);
  await restarted.proposer.close();
});

Deno.test("LocalProposer refuses what is too large before it is queued", async () => {
  const { proposer, store } = await start(new MemoryFs());
  const data = "x".repeat(QUEUE_LIMITS.proposalBytes);
  const error = await refusal(proposer.propose([{
    kind: "config.update",
    id: asId("a"),
    data,
    sizeBytes: 1,
    labels: {},
  }]));
  assert.equal(error.reason, "PROPOSAL_TOO_LARGE");
  assert.equal(store.view.index, 0);
  await proposer.close();
});

Deno.test("LocalProposer refuses more than its queue holds, and then goes on", async () => {
  const { proposer, store } = await start(new MemoryFs());
  const results = await Promise.allSettled(
    Array.from({ length: QUEUE_LIMITS.proposals + 10 }, (_, at) => {
      return proposer.propose([create(`s${at}`)]);
    }),
  );
  const refused = results.filter(({ status }) => status === "rejected");
  assert(refused.length >= 9 && refused.length <= 10, `${refused.length} refused`);
  assert.equal(store.sizes.services, results.length - refused.length);
  indexOf(await proposer.propose([create("later")]));
  await proposer.close();
});

Deno.test("LocalProposer stops waiting when its signal aborts, and the change still happens", async () => {
  const { proposer, store } = await start(new MemoryFs());
  const abort = new AbortController();
  const waiting = proposer.propose([create("web")], { signal: abort.signal });
  abort.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  await proposer.propose([create("api")]);
  assert(store.view.serviceByName("web"), "its outcome was only unknown");
  await assert.rejects(proposer.propose([create("no")], { signal: abort.signal }), /enough/);
  await proposer.close();
  assert.equal(store.sizes.services, 2);
});

Deno.test("LocalProposer finishes what waits when it closes, and takes no more", async () => {
  const fs = new MemoryFs();
  const { proposer } = await start(fs);
  const waiting = Array.from({ length: 50 }, (_, at) => proposer.propose([create(`s${at}`)]));
  const closing = proposer.close();
  assert.equal((await refusal(proposer.propose([create("late")]))).reason, "STOPPING");
  assert.deepEqual((await Promise.all(waiting)).map(indexOf), waiting.map((_, at) => at + 1));
  await closing;
  await proposer.close();
  const restarted = await start(fs);
  assert.equal(restarted.store.sizes.services, 50);
  await restarted.proposer.close();
});

Deno.test("LocalProposer answers nobody after a failed sync, and says so once", async () => {
  const fs = new MemoryFs();
  const { proposer, store, faults } = await start(fs);
  await proposer.propose([create("web")]);
  fs.failSyncs(1);
  const waiting = [create("lost"), create("lost too")].map((one) => proposer.propose([one]));
  for (const one of waiting) assert.equal((await refusal(one)).reason, "DATA_CORRUPT");
  assert.equal((await refusal(proposer.propose([create("late")]))).reason, "DATA_CORRUPT");
  assert.equal(faults.length, 1);
  assert.match(faults[0]?.message ?? "", /Cannot write the log/);
  assert.equal(store.sizes.services, 1, "what is not durable is not applied");
  assert.equal(proposer.status().isLeader, false);
  await proposer.close();
});

Deno.test("LocalProposer takes a subscriber that throws as a fault, and leaves nobody waiting", async () => {
  const { proposer, store, faults } = await start(new MemoryFs());
  store.feed.subscribe(() => {
    throw new Error("a bug");
  });
  const waiting = [create("one"), create("two")].map((one) => refusal(proposer.propose([one])));
  for (const error of await Promise.all(waiting)) assert.match(error.message, /a bug/);
  assert.equal(faults.length, 1);
  await proposer.close();
});

Deno.test("LocalProposer saves a snapshot at its threshold and starts from it", async () => {
  const fs = new MemoryFs();
  const { proposer, store } = await start(fs, { snapshotThreshold: 10 });
  for (let at = 0; at < 35; at++) await proposer.propose([create(`s${at}`)]);
  await proposer.close();
  const names = fs.paths().map((path) => path.slice("/log/".length));
  assert.equal(names.filter((name) => name.endsWith(".snapshot")).length, 1);
  assert(!names.includes("0000000000000001.log"), "the log before it is gone");
  const restarted = await start(fs, { snapshotThreshold: 10 });
  assert.equal(restarted.store.digest(), store.digest());
  assert.equal(restarted.proposer.status().lastIndex, 35);
  indexOf(await restarted.proposer.propose([create("more")]));
  await restarted.proposer.close();
});

Deno.test("LocalProposer counts replayed entries towards the next snapshot", async () => {
  const fs = new MemoryFs();
  for (let round = 0; round < 4; round++) {
    const { proposer } = await start(fs, { snapshotThreshold: 10 });
    for (let at = 0; at < 3; at++) await proposer.propose([create(`s${round}-${at}`)]);
    await proposer.close();
  }
  const { store, proposer } = await start(fs, { snapshotThreshold: 10 });
  assert.equal(store.sizes.services, 12);
  await proposer.close();
});

Deno.test("LocalProposer goes on when a snapshot cannot be written", async () => {
  const fs = new MemoryFs();
  const lines: string[] = [];
  const log = { ...silentLog, error: (message: string) => void lines.push(message) };
  const { proposer, faults } = await start(fs, { snapshotThreshold: 5, log });
  for (let at = 0; at < 4; at++) await proposer.propose([create(`s${at}`)]);
  const createFile = fs.create.bind(fs);
  fs.create = (path) => {
    if (path.includes("snapshot")) throw new Error("no space left on device");
    return createFile(path);
  };
  indexOf(await proposer.propose([create("s4")]));
  indexOf(await proposer.propose([create("s5")]));
  await proposer.close();
  assert.deepEqual(faults, []);
  assert.deepEqual(lines, ["cannot save a snapshot, the log grows on"]);
  const restarted = await start(fs);
  assert.equal(restarted.store.sizes.services, 6);
  await restarted.proposer.close();
});

Deno.test("LocalProposer keeps every answered change through a crash at any write", async () => {
  for (let at = 0; at < 6_000; at += 53) {
    const fs = new MemoryFs();
    fs.crashAfter(at);
    const answered: string[] = [];
    const member = await start(fs, { snapshotThreshold: 4 }).catch(() => undefined);
    if (member) {
      for (let number = 0; number < 12 && member.proposer.status().isLeader; number++) {
        const name = `s${number}`;
        const applied = await member.proposer.propose([create(name)]).catch(() => undefined);
        if (applied?.ok) answered.push(name);
      }
      await member.proposer.close().catch(() => undefined);
    }
    const restarted = await start(fs.crash({ keepUnsynced: at % 2 === 0 }));
    for (const name of answered) {
      assert(restarted.store.view.serviceByName(name), `${name} is there after ${at} bytes`);
    }
    assert(restarted.store.sizes.services <= answered.length + 1);
    await restarted.proposer.close();
  }
});

Deno.test("LocalProposer says how much it cut from a torn log", async () => {
  const fs = new MemoryFs();
  const { proposer } = await start(fs);
  await proposer.propose([create("web")]);
  const disk = fs.crash({ keepUnsynced: true });
  disk.damage("/log/0000000000000001.log", (bytes) => new Uint8Array([...bytes, 1, 2, 3]));
  const warnings: unknown[] = [];
  const log = { ...silentLog, warn: (_: string, fields?: object) => void warnings.push(fields) };
  const restarted = await start(disk, { log });
  assert.deepEqual(warnings, [{ bytes: 3 }]);
  await restarted.proposer.close();
});

Deno.test("LocalProposer refuses to start from a damaged log", async () => {
  const fs = new MemoryFs();
  const { proposer } = await start(fs);
  await proposer.propose([create("web")]);
  await proposer.close();
  fs.damage("/log/0000000000000001.log", (bytes) => bytes.with(60, 0));
  const error = await refusal(start(fs));
  assert.equal(error.reason, "DATA_CORRUPT");
  assert.match(error.message, /"\/log\/0000000000000001\.log" at byte 28/);
});

/** Metrics that remember their samples. */
class Samples implements Metrics {
  readonly values = new Map<string, number>();
  readonly observed = new Map<string, number>();
  readonly collectors = new Set<() => void>();

  counter() {
    return { add: () => {} };
  }
  gauge({ name }: MetricSpec) {
    return { set: (value: number) => void this.values.set(name, value), reset: () => {} };
  }
  histogram({ name }: MetricSpec): Histogram {
    const count = (value: number) => {
      assert(value >= 0 && value < 60, "seconds");
      this.observed.set(name, (this.observed.get(name) ?? 0) + 1);
    };
    return { observe: count };
  }
  onCollect(collect: () => void) {
    this.collectors.add(collect);
    return () => void this.collectors.delete(collect);
  }
}

Deno.test("LocalProposer measures its durations and shows where the log stands", async () => {
  const metrics = new Samples();
  const { proposer } = await start(new MemoryFs(), { metrics });
  for (let at = 0; at < 3; at++) await proposer.propose([create(`s${at}`)]);
  for (const collect of metrics.collectors) collect();
  assert.deepEqual(Object.fromEntries(metrics.values), {
    warren_raft_is_leader: 1,
    warren_raft_has_leader: 1,
    warren_raft_peers: 1,
    warren_raft_quorum_margin: 0,
    warren_raft_term: 1,
    warren_raft_last_log_index: 3,
    warren_raft_commit_index: 3,
    warren_raft_applied_index: 3,
  });
  assert.deepEqual(Object.fromEntries(metrics.observed), {
    warren_raft_fsync_duration_seconds: 3,
    warren_raft_commit_duration_seconds: 3,
    warren_raft_apply_duration_seconds: 3,
  });
  await proposer.close();
  assert.equal(metrics.collectors.size, 0);
});

Deno.test("LocalProposer works on real files", async () => {
  const dir = await Deno.makeTempDir();
  const open = () =>
    start(new MemoryFs(), { fs: denoFs, dir: `${dir}/log`, snapshotThreshold: 50 });
  const first = await open();
  await Promise.all(
    Array.from({ length: 300 }, (_, at) => first.proposer.propose([create(`s${at}`)])),
  );
  await first.proposer.propose([create("last")]);
  await first.proposer.close();
  const again = await open();
  assert.equal(again.store.sizes.services, 301);
  assert.equal(again.store.digest(), first.store.digest());
  await again.proposer.close();
  await Deno.remove(dir, { recursive: true });
});
