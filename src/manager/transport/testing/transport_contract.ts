/**
 * What every transport must do: one suite, run by the one in memory and the real one.
 *
 * Called by their test files with a way to open a network. Tests wait on what the transport tells,
 * never on time.
 */
import assert from "node:assert/strict";
import { WarrenError } from "../../../lib/mod.ts";
import type { MemberId, Message } from "../../../raft/mod.ts";
import type { TransportLimits } from "../limits.ts";
import type {
  SelfIdentity,
  SnapshotMessage,
  SnapshotReceiver,
  SnapshotSource,
  Transport,
  TransportEvents,
} from "../transport.ts";
import { Recorder } from "./recorder.ts";

/** How a member is started. */
export interface StartOptions {
  readonly self: SelfIdentity;
  readonly events: TransportEvents;
  readonly limits?: Partial<TransportLimits>;
}

/** One network under test; disposing it stops its members. */
export interface TransportHarness extends AsyncDisposable {
  /** Starts a member; one of the same id that was there before is found no more. */
  start(options: StartOptions): Promise<Transport>;
  /** What `from` dials to reach `to`. */
  route(from: MemberId, to: MemberId): string;
  /** Ends a member without a goodbye. */
  crash(member: MemberId): Promise<void>;
  /** Breaks what goes from one to the other, both ways, and lets nothing new through. */
  cut(a: MemberId, b: MemberId): void;
  /** Carries nothing from `from` to `to`, and breaks nothing. */
  hold(from: MemberId, to: MemberId): void;
  /** Ends cuts and holds between the two. */
  heal(a: MemberId, b: MemberId): void;
}

interface Member {
  readonly transport: Transport;
  readonly seen: Recorder;
}

interface Extra {
  readonly incarnation?: number;
  readonly clusterId?: string;
  readonly limits?: Partial<TransportLimits>;
}

/** What a test has at hand. */
class Scene {
  readonly net: TransportHarness;

  constructor(net: TransportHarness) {
    this.net = net;
  }

  async start(id: MemberId, extra: Extra = {}): Promise<Member> {
    const seen = new Recorder();
    const { incarnation = 1, clusterId = "c", limits } = extra;
    const self = { clusterId, memberId: id, incarnation, advertiseAddr: "" };
    const transport = await this.net.start({ self, events: seen, ...(limits && { limits }) });
    return { transport, seen };
  }

  peer({ transport }: Member, from: MemberId, ...to: readonly MemberId[]): void {
    transport.setPeers(to.map((id) => ({ id, address: this.net.route(from, id) })));
  }

  /** Members a and b, connected both ways. */
  async pair(extra: Extra = {}): Promise<{ a: Member; b: Member }> {
    const [a, b] = [await this.start("a", extra), await this.start("b", extra)];
    this.peer(a, "a", "b");
    this.peer(b, "b", "a");
    await Promise.all([a.seen.saw("b connected"), b.seen.saw("a connected")]);
    return { a, b };
  }
}

/** Registers the suite; `open` is called once per test. */
export function testTransportContract(name: string, open: () => Promise<TransportHarness>): void {
  const test = (what: string, body: (t: Scene) => Promise<void>) => {
    Deno.test(`${name}: ${what}`, async () => {
      await using net = await open();
      await body(new Scene(net));
    });
  };
  testDelivery(test);
  testLives(test);
  testRefusals(test);
  testLoss(test);
  testSnapshots(test);
  testForward(test);
}

type Test = (what: string, body: (t: Scene) => Promise<void>) => void;

function testDelivery(test: Test): void {
  test("messages arrive whole, in their order on each stream", async (t) => {
    const { a, b } = await t.pair();
    const reads = Array.from({ length: 300 }, (_, id) => read("a", "b", id));
    const appends = Array.from({ length: 50 }, (_, at) => append("a", "b", at + 1, 100));
    for (const message of reads) a.transport.send([message]);
    a.transport.send(appends);
    await b.seen.until(() => b.seen.messages.length === 350, "all messages");
    assert.deepEqual(b.seen.messages.filter(({ kind }) => kind === "read"), reads);
    assert.deepEqual(b.seen.messages.filter(({ kind }) => kind === "append"), appends);
    assert.deepEqual([...a.transport.connected()], ["b"]);
  });

  test("messages given together come together", async (t) => {
    const { a, b } = await t.pair();
    a.transport.send([read("a", "b", 1), read("a", "b", 2), read("a", "b", 3)]);
    await b.seen.until(() => b.seen.messages.length === 3, "three messages");
    assert.deepEqual(b.seen.batches, [3]);
  });

  test("a caller says where it listens, and messages to strangers are dropped", async (t) => {
    const { a, b } = await t.pair();
    await b.seen.until(() => b.seen.addresses.length > 0, "the caller's address");
    assert.deepEqual(b.seen.addresses[0], { id: "a", address: a.transport.address });
    a.transport.send([read("a", "stranger", 1), read("a", "b", 2)]);
    await b.seen.saw("read from a");
  });

  test("stop sends what is queued", async (t) => {
    const { a, b } = await t.pair();
    a.transport.send(Array.from({ length: 100 }, (_, at) => append("a", "b", at + 1, 1_000)));
    a.transport.send([{ kind: "timeout.now", from: "a", to: "b", term: 1 }]);
    await a.transport.stop();
    await b.seen.until(() => b.seen.messages.length === 101, "all messages");
    await b.seen.saw("a unreachable");
    a.transport.send([read("a", "b", 1)]);
    await a.transport.stop();
  });
}

function testLives(test: Test): void {
  test("a peer's restart is told before its first message, and drops what was queued", async (t) => {
    const { a, b } = await t.pair();
    await t.net.crash("b");
    await a.seen.saw("b unreachable");
    a.transport.send([read("a", "b", 666)]);
    const again = await t.start("b", { incarnation: 2 });
    t.peer(again, "b", "a");
    await again.seen.saw("a connected");
    again.transport.send([read("b", "a", 7)]);
    await a.seen.saw("b connected", 2);
    await a.seen.saw("read from b");
    a.transport.send([read("a", "b", 8)]);
    await again.seen.saw("read from a");
    assert.equal(a.seen.count("b restarted"), 1);
    assert.ok(a.seen.lines.indexOf("b restarted") < a.seen.lines.indexOf("read from b"));
    assert.deepEqual(again.seen.messages, [read("a", "b", 8)]);
    assert.equal(b.seen.messages.length, 0);
  });

  test("a connection that comes back to the same life is no restart", async (t) => {
    const { a, b } = await t.pair();
    t.net.cut("a", "b");
    await Promise.all([a.seen.saw("b unreachable"), b.seen.saw("a unreachable")]);
    t.net.heal("a", "b");
    await Promise.all([a.seen.saw("b connected", 2), b.seen.saw("a connected", 2)]);
    a.transport.send([read("a", "b", 1)]);
    await b.seen.saw("read from a");
    assert.equal(a.seen.count("b restarted") + b.seen.count("a restarted"), 0);
    assert.equal(a.seen.count("b unreachable"), 1);
  });

  test("an id in an older life than the known one is refused", async (t) => {
    const b = await t.start("b");
    const newer = await t.start("a", { incarnation: 5 });
    t.peer(newer, "a", "b");
    await newer.seen.saw("b connected");
    const older = await t.start("a", { incarnation: 4 });
    t.peer(older, "a", "b");
    await older.seen.saw("b unreachable");
    older.transport.send([read("a", "b", 1)]);
    newer.transport.send([read("a", "b", 2)]);
    await b.seen.saw("read from a");
    assert.deepEqual(b.seen.messages, [read("a", "b", 2)]);
    await Promise.all([older.transport.stop(), newer.transport.stop()]);
  });
}

function testRefusals(test: Test): void {
  test("a member of another cluster is refused", async (t) => {
    const b = await t.start("b");
    const a = await t.start("a", { clusterId: "other" });
    t.peer(a, "a", "b");
    await a.seen.saw("b unreachable");
    a.transport.send([read("a", "b", 1)]);
    assert.deepEqual([b.seen.lines, a.transport.connected().size], [[], 0]);
  });

  test("a removed member is told so", async (t) => {
    const b = await t.start("b");
    b.seen.unwelcome.add("a");
    const a = await t.start("a");
    t.peer(a, "a", "b");
    await a.seen.saw("removed by b");
    assert.equal(a.transport.connected().size, 0);
  });

  test("an address where another member answers is not used", async (t) => {
    const b = await t.start("b");
    const a = await t.start("a");
    a.transport.setPeers([{ id: "x", address: t.net.route("a", "b") }]);
    await a.seen.saw("x unreachable");
    a.transport.send([read("a", "x", 1)]);
    assert.deepEqual(b.seen.lines, []);
  });

  test("a peer that is none any more is closed, others stay", async (t) => {
    const { a, b } = await t.pair();
    const c = await t.start("c");
    t.peer(a, "a", "b", "c");
    await a.seen.saw("c connected");
    t.peer(a, "a", "c");
    await b.seen.saw("a unreachable");
    a.transport.send([read("a", "b", 1), read("a", "c", 2)]);
    await c.seen.saw("read from a");
    assert.deepEqual(b.seen.messages, []);
    assert.deepEqual([...a.transport.connected()], ["c"]);
    assert.equal(a.seen.count("c unreachable"), 0);
  });
}

function testLoss(test: Test): void {
  test("a lost peer is told once, whatever is tried afterwards", async (t) => {
    const { a, b } = await t.pair();
    await t.net.crash("b");
    await a.seen.saw("b unreachable");
    for (let id = 0; id < 100; id++) {
      a.transport.send([read("a", "b", id), append("a", "b", 1, 10)]);
    }
    const again = await t.start("b", { incarnation: 2 });
    await a.seen.saw("b connected", 2);
    assert.equal(a.seen.count("b unreachable"), 1);
    assert.equal(b.seen.lines.includes("a unreachable"), false);
    assert.deepEqual(again.seen.messages, []);
  });

  test("a peer that never answers is unreachable once", async (t) => {
    const a = await t.start("a");
    t.peer(a, "a", "b");
    await a.seen.saw("b unreachable");
    await t.start("b");
    await a.seen.saw("b connected");
    assert.equal(a.seen.count("b unreachable"), 1);
  });

  test("a full queue drops the newest appends, tells it once, and keeps control messages", async (t) => {
    const limits = { ackTimeoutMs: 60_000, appendBytes: 64 * 1024, frameBytes: 64 * 1024 };
    const { a, b } = await t.pair({ limits });
    t.net.hold("a", "b");
    let sent = 0;
    while (a.seen.count("b unreachable") === 0 && sent < 4_000) {
      a.transport.send([append("a", "b", ++sent, 16 * 1024)]);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    for (let more = 0; more < 100; more++) a.transport.send([append("a", "b", ++sent, 16 * 1024)]);
    a.transport.send([read("a", "b", 1)]);
    assert.equal(a.seen.count("b unreachable"), 1);
    t.net.heal("a", "b");
    await b.seen.saw("read from a");
    while (a.seen.count("b connected") < 2) {
      a.transport.send([read("a", "b", 2)]);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const indexes = b.seen.messages.flatMap((one) => one.kind === "append" ? [one.prevIndex] : []);
    assert.deepEqual(indexes, indexes.map((_, at) => at + 1), "the oldest are kept, in order");
    assert.ok(indexes.length < sent, "some were dropped");
  });
}

function testSnapshots(test: Test): void {
  test("a snapshot arrives before its message, which arrives before the sender is told", async (t) => {
    const { a, b } = await t.pair();
    const store = new MemoryStore();
    b.seen.receiver = () => Promise.resolve(store.receiver(() => b.seen.lines.push("finished")));
    const source = sourceOf(1_000_000);
    await a.transport.sendSnapshot(snapshot("a", "b"), source, never());
    assert.deepEqual(store.bytes(), source.bytes);
    assert.deepEqual(b.seen.lines.slice(-2), ["finished", "snapshot from a"]);
    assert.deepEqual(b.seen.messages, [snapshot("a", "b")]);
    assert.deepEqual(b.seen.offers, [{
      from: "a",
      meta: snapshot("a", "b").snapshot,
      digest: source.digest,
      sizeBytes: 1_000_000,
    }]);
  });

  test("a snapshot goes on after a cut where it had come to", async (t) => {
    const { a, b } = await t.pair({ limits: { chunkBytes: 10_000, chunkWindow: 1 } });
    const store = new MemoryStore();
    b.seen.receiver = () => Promise.resolve(store.receiver());
    store.onWrite = (length) => {
      if (length >= 300_000) t.net.cut("a", "b");
      b.seen.poke();
    };
    const source = sourceOf(1_000_000);
    const first = a.transport.sendSnapshot(snapshot("a", "b"), source, never());
    await assert.rejects(first, { reason: "NODE_UNREACHABLE" });
    await b.seen.until(() => store.aborts === 1, "the receiver's abort");
    store.onWrite = () => b.seen.poke();
    t.net.heal("a", "b");
    await a.seen.saw("b connected", 2);
    const reads = source.reads.length;
    await a.transport.sendSnapshot(snapshot("a", "b"), source, never());
    assert.ok((source.reads[reads] ?? 0) >= 300_000, "it went on");
    assert.deepEqual(store.bytes(), source.bytes);
    assert.equal(b.seen.messages.length, 1);
  });

  test("a snapshot that is declined, damaged or gone is told to the sender, not delivered", async (t) => {
    const { a, b } = await t.pair();
    const send = (source: SnapshotSource) => {
      return a.transport.sendSnapshot(snapshot("a", "b"), source, never());
    };
    await assert.rejects(send(sourceOf(10)), { reason: "SNAPSHOT_REFUSED" });
    const store = new MemoryStore();
    const bad = () => Promise.reject(new WarrenError("DATA_CORRUPT", "the digest differs"));
    b.seen.receiver = () => Promise.resolve({ ...store.receiver(), finish: bad });
    await assert.rejects(send(sourceOf(10)), /the digest differs/);
    const fresh = new MemoryStore();
    b.seen.receiver = () => Promise.resolve(fresh.receiver());
    await assert.rejects(send({ ...sourceOf(10), read: () => Promise.resolve(null) }), {
      reason: "SNAPSHOT_GONE",
    });
    fresh.onWrite = () => b.seen.poke();
    await b.seen.until(() => store.aborts + fresh.aborts === 2, "both aborts");
    assert.deepEqual(b.seen.messages, []);
    assert.deepEqual(a.seen.count("b unreachable"), 0);
  });

  test("a snapshot can be given up, and only one goes to a peer at a time", async (t) => {
    const { a, b } = await t.pair();
    const store = new MemoryStore();
    b.seen.receiver = () => Promise.resolve(store.receiver());
    const source = { ...sourceOf(10), read: () => new Promise<null>(() => {}) };
    const giveUp = new AbortController();
    const first = a.transport.sendSnapshot(
      snapshot("a", "b"),
      slow(source, giveUp.signal),
      giveUp.signal,
    );
    await b.seen.until(() => b.seen.offers.length === 1, "the offer");
    await assert.rejects(a.transport.sendSnapshot(snapshot("a", "b"), source, never()), {
      reason: "TOO_MANY",
    });
    giveUp.abort();
    await assert.rejects(first, { reason: "ABORTED_BY_USER" });
    store.onWrite = () => b.seen.poke();
    await b.seen.until(() => store.aborts === 1, "the receiver's abort");
    await assert.rejects(a.transport.sendSnapshot(snapshot("a", "x"), source, never()), {
      reason: "NODE_UNREACHABLE",
    });
  });
}

function testForward(test: Test): void {
  test("a proposal is sent on and answered, or refused as surely not taken", async (t) => {
    const { a, b } = await t.pair();
    b.seen.forwarded = (data) => Promise.resolve({ index: data.length, term: data[0] ?? 0 });
    const answer = await a.transport.forward("b", new Uint8Array([7, 0, 0]), never());
    assert.deepEqual(answer, { index: 3, term: 7 });
    b.seen.forwarded = () => Promise.reject(new WarrenError("NO_LEADER", "it leads no more"));
    const refused = a.transport.forward("b", new Uint8Array(1), never());
    await assert.rejects(refused, { reason: "NO_LEADER", message: "it leads no more" });
    const nobody = a.transport.forward("x", new Uint8Array(1), never());
    await assert.rejects(nobody, { reason: "NO_LEADER" });
  });

  test("a proposal that may have been taken has an unknown outcome", async (t) => {
    const { a, b } = await t.pair();
    b.seen.forwarded = () => Promise.reject(new WarrenError("STOPPING", "it stops"));
    const failed = a.transport.forward("b", new Uint8Array(1), never());
    await assert.rejects(failed, { reason: "UNKNOWN_OUTCOME" });
    b.seen.forwarded = () => {
      t.net.cut("a", "b");
      return new Promise((resolve) =>
        void a.seen.saw("b unreachable").then(() => resolve({ index: 1, term: 1 }))
      );
    };
    const lost = a.transport.forward("b", new Uint8Array(1), never());
    await assert.rejects(lost, { reason: "UNKNOWN_OUTCOME" });
    t.net.heal("a", "b");
    await a.seen.saw("b connected", 2);
    const giveUp = new AbortController();
    const answer = Promise.withResolvers<{ index: number; term: number }>();
    b.seen.forwarded = () => {
      giveUp.abort();
      return answer.promise;
    };
    const givenUp = a.transport.forward("b", new Uint8Array(1), giveUp.signal);
    await assert.rejects(givenUp, { reason: "UNKNOWN_OUTCOME" });
    answer.resolve({ index: 1, term: 1 });
  });
}

function read(from: MemberId, to: MemberId, id: number): Message {
  return { kind: "read", from, to, term: 1, id };
}

function append(from: MemberId, to: MemberId, prevIndex: number, bytes: number): Message {
  const data = new Uint8Array(bytes).fill(prevIndex % 251);
  const entries = [{ index: prevIndex + 1, term: 1, payload: { kind: "data" as const, data } }];
  return { kind: "append", from, to, term: 1, prevIndex, prevTerm: 1, entries, commit: 0 };
}

function snapshot(from: MemberId, to: MemberId): SnapshotMessage {
  const membership = { voters: ["a", "b"], outgoing: [], learners: [] };
  return { kind: "snapshot", from, to, term: 3, snapshot: { index: 9, term: 2, membership } };
}

function never(): AbortSignal {
  return new AbortController().signal;
}

function sourceOf(sizeBytes: number) {
  const bytes = Uint8Array.from({ length: sizeBytes }, (_, at) => (at * 31) % 256);
  const reads: number[] = [];
  return {
    meta: snapshot("a", "b").snapshot,
    digest: "0".repeat(64),
    sizeBytes,
    bytes,
    reads,
    read: (offset: number, maxBytes: number) => {
      reads.push(offset);
      return Promise.resolve(bytes.slice(offset, offset + maxBytes));
    },
  };
}

/** A source whose reading ends only when it is given up. */
function slow(source: SnapshotSource, signal: AbortSignal): SnapshotSource {
  const read = () => {
    return new Promise<null>((resolve) => signal.addEventListener("abort", () => resolve(null)));
  };
  return { ...source, read };
}

/** What a receiver has written, kept over an abort as a disk does. */
class MemoryStore {
  readonly #chunks: Uint8Array[] = [];
  aborts = 0;
  onWrite: (length: number) => void = () => {};

  bytes(): Uint8Array {
    return Uint8Array.from(this.#chunks.flatMap((chunk) => [...chunk]));
  }

  get #length(): number {
    return this.#chunks.reduce((sum, { length }) => sum + length, 0);
  }

  receiver(onFinish: () => void = () => {}): SnapshotReceiver {
    return {
      offset: this.#length,
      write: (chunk) => {
        this.#chunks.push(new Uint8Array(chunk));
        this.onWrite(this.#length);
        return Promise.resolve();
      },
      finish: () => Promise.resolve(onFinish()),
      abort: () => {
        this.aborts += 1;
        this.onWrite(0);
        return Promise.resolve();
      },
    };
  }
}
