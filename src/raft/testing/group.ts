/**
 * A whole group of members in one process under one seed, with faults, and the safety rules of the
 * dissertation checked after every step.
 *
 * A violation throws and names the rule and the tick. Everything is drawn from the seed, so a
 * failing seed is a regression test.
 */
import assert from "node:assert/strict";
import { Prng } from "../../lib/mod.ts";
import { coreConfig } from "../config.ts";
import { RaftCore } from "../core.ts";
import { membersOf } from "../membership.ts";
import type { CoreConfig } from "../state.ts";
import type { Entry, MemberId, Message, Ready, SnapshotMeta } from "../message.ts";
import { SimDisk } from "./disk.ts";

/** How often what goes wrong: probabilities a message or a tick; delays in ticks. */
export interface Faults {
  readonly loss: number;
  readonly duplicate: number;
  readonly maxDelayTicks: number;
  readonly maxWriteTicks: number;
  readonly crash: number;
  readonly partition: number;
  readonly compact: number;
}

/** Nothing goes wrong. */
export const CALM: Faults = {
  loss: 0,
  duplicate: 0,
  maxDelayTicks: 1,
  maxWriteTicks: 1,
  crash: 0,
  partition: 0,
  compact: 0,
};

/** A mix of faults drawn from the seed, some of them absent. */
export function drawFaults(prng: Prng): Faults {
  const maybe = (p: number) => prng.chance(0.6) ? p : 0;
  return {
    loss: maybe(0.1 * prng.float()),
    duplicate: maybe(0.1 * prng.float()),
    maxDelayTicks: 1 + prng.below(10),
    maxWriteTicks: 1 + prng.below(6),
    crash: maybe(0.002),
    partition: maybe(0.003),
    compact: maybe(0.02),
  };
}

interface Member {
  core: RaftCore | null;
  readonly disk: SimDisk;
  restartTick: number;
  /** Messages that wait for their batch. */
  held: { readonly seq: number; readonly messages: readonly Message[] }[];
  applied: number;
  /** Commit index and term as last seen, which must not fall while it runs. */
  seenCommit: number;
  seenTerm: number;
}

interface Flight {
  readonly message: Message;
  readonly atTick: number;
}

/** Data of an entry as text, or a mark for the other kinds. */
export function entryText({ payload }: Entry): string {
  return payload.kind === "data" ? new TextDecoder().decode(payload.data) : `<${payload.kind}>`;
}

/** A group under one seed. */
export class SimGroup {
  readonly prng: Prng;
  readonly members = new Map<MemberId, Member>();
  readonly #config: (id: MemberId) => CoreConfig;
  faults: Faults;
  tick = 0;
  #flights: Flight[] = [];
  #cut = new Set<MemberId>();
  /** Term to leader: two in one term are a violation. */
  readonly #leaders = new Map<number, MemberId>();
  /** What was committed at each index, by the first to apply it. */
  readonly #truth = new Map<number, string>();
  /** Who created the entries of each (index, term), to compare logs by. */
  readonly #created = new Map<string, string>();
  #sequence = 0;
  /** Confirmed reads: the index must cover everything committed before the read began. */
  readonly #reads = new Map<number, { readonly atLeast: number; isDone: boolean }>();

  constructor(
    seed: number,
    ids: readonly MemberId[],
    options: { readonly faults?: Faults; readonly config?: Partial<CoreConfig> } = {},
  ) {
    this.prng = new Prng(seed);
    this.faults = options.faults ?? CALM;
    this.#config = (id) => ({ ...coreConfig(id), ...options.config });
    const snapshot: SnapshotMeta = { index: 0, term: 0, membership: membersOf(...ids) };
    for (const id of ids) this.#add(id, snapshot);
  }

  #add(id: MemberId, snapshot: SnapshotMeta): void {
    const disk = new SimDisk(snapshot);
    const member: Member = {
      core: null,
      disk,
      restartTick: 0,
      held: [],
      applied: 0,
      seenCommit: 0,
      seenTerm: 0,
    };
    this.members.set(id, member);
    this.#start(id, member);
  }

  /** A new member with an empty disk, which learns everything from the leader. */
  addMember(id: MemberId): void {
    this.#add(id, { index: 0, term: 0, membership: membersOf() });
  }

  #start(id: MemberId, member: Member): void {
    const restored = member.disk.restored();
    member.core = new RaftCore(this.#config(id), restored, new Prng(this.prng.uint32()));
    member.applied = restored.snapshot.index;
    member.seenCommit = restored.snapshot.index;
    member.seenTerm = restored.hard.term;
  }

  /** The member that leads with the highest term, if any. */
  leader(): RaftCore | undefined {
    let best: RaftCore | undefined;
    for (const { core } of this.members.values()) {
      if (core?.status().role !== "leader") continue;
      if (!best || core.status().term > best.status().term) best = core;
    }
    return best;
  }

  /** The running core of a member. */
  core(id: MemberId): RaftCore {
    const core = this.members.get(id)?.core;
    assert.ok(core, `${id} runs`);
    return core;
  }

  /** Proposes a fresh word through the leader. */
  propose(): void {
    this.leader()?.propose(new TextEncoder().encode(`w${++this.#sequence}`));
  }

  /** Begins a read at a random running member. */
  read(): void {
    const running = [...this.members.values()].filter(({ core }) => core);
    if (running.length === 0) return;
    const id = ++this.#sequence;
    this.#reads.set(id, { atLeast: Math.max(0, ...this.#truth.keys()), isDone: false });
    this.prng.pick(running).core?.readIndex(id);
  }

  /** Cuts members off from all others; an empty list heals. */
  isolate(...ids: MemberId[]): void {
    this.#cut = new Set(ids);
  }

  /** Power cut: what was not written is gone. */
  crash(id: MemberId, downTicks: number): void {
    const member = this.members.get(id);
    if (!member?.core) return;
    member.core = null;
    member.held = [];
    member.disk.crash(this.prng.below(member.disk.pending + 1));
    member.restartTick = this.tick + downTicks;
  }

  /** Runs `ticks` steps. */
  run(ticks: number): void {
    for (let n = 0; n < ticks; n++) this.#step();
  }

  /** Runs until `isDone`, at most `limit` steps. */
  runUntil(what: string, isDone: () => boolean, limit = 5_000): void {
    for (let n = 0; n < limit; n++) {
      if (isDone()) return;
      this.#step();
    }
    assert.fail(`${what} did not come within ${limit} ticks\n${this.describe()}`);
  }

  #step(): void {
    this.tick += 1;
    this.#injectFaults();
    this.#deliver();
    for (const [id, member] of this.members) {
      if (!member.core && this.tick >= member.restartTick) this.#start(id, member);
      member.core?.tick();
      this.#pump(id, member);
    }
    this.#check();
  }

  #injectFaults(): void {
    const { prng, faults } = this;
    const ids = [...this.members.keys()];
    if (prng.chance(faults.crash)) this.crash(prng.pick(ids), 20 + prng.below(300));
    if (prng.chance(faults.partition)) {
      this.isolate(...ids.filter(() => prng.chance(0.4)));
    } else if (prng.chance(0.01)) this.isolate();
    if (prng.chance(faults.compact)) this.#compact(prng.pick(ids));
  }

  #compact(id: MemberId): void {
    const member = this.members.get(id);
    if (!member?.core || member.applied === 0) return;
    const meta = member.core.termAt(member.applied) === undefined
      ? undefined
      : member.core.snapshotMeta(member.applied);
    // Only what is on this disk already may be in a snapshot; everything applied is.
    if (!meta) return;
    const keepFrom = Math.max(1, meta.index - this.prng.below(10));
    const kept = member.core.compact(meta.index, keepFrom);
    if (kept !== null) member.disk.compact(meta, kept);
  }

  #deliver(): void {
    const due = this.#flights.filter(({ atTick }) => atTick <= this.tick);
    this.#flights = this.#flights.filter(({ atTick }) => atTick > this.tick);
    for (const { message } of due) {
      if (this.#cut.has(message.from) !== this.#cut.has(message.to)) {
        this.#snapshotLost(message);
        continue;
      }
      const member = this.members.get(message.to);
      if (!member?.core) {
        this.#snapshotLost(message);
        continue;
      }
      member.core.step(message);
      if (message.kind === "snapshot") {
        this.members.get(message.from)?.core?.report(message.to, "snapshot sent");
      }
    }
  }

  #snapshotLost(message: Message): void {
    if (message.kind !== "snapshot") return;
    this.members.get(message.from)?.core?.report(message.to, "snapshot failed");
  }

  #pump(id: MemberId, member: Member): void {
    for (const seq of member.disk.complete(this.tick)) {
      member.core?.persisted(seq);
      const held = member.held.filter((batch) => batch.seq <= seq);
      member.held = member.held.filter((batch) => batch.seq > seq);
      for (const { messages } of held) this.#send(messages);
    }
    for (let ready = member.core?.takeReady(); ready; ready = member.core?.takeReady()) {
      this.#carryOut(id, member, ready);
    }
  }

  #carryOut(id: MemberId, member: Member, ready: Ready): void {
    this.#send(ready.sendNow);
    const writeTicks = this.prng.below(this.faults.maxWriteTicks);
    member.disk.write(ready.seq, ready.persist, this.tick + writeTicks);
    member.held.push({ seq: ready.seq, messages: ready.sendAfterPersisted });
    for (const entry of ready.persist?.entries ?? []) this.#checkCreated(entry);
    if (ready.restore) member.applied = ready.restore.index;
    for (const entry of ready.apply) this.#apply(id, member, entry);
    member.core?.applied(member.applied);
    for (const { id: read, index } of ready.reads) this.#checkRead(read, index);
  }

  #send(messages: readonly Message[]): void {
    const { prng, faults } = this;
    for (const message of messages) {
      const copies = prng.chance(faults.duplicate) ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) {
        if (prng.chance(faults.loss)) {
          this.#snapshotLost(message);
          continue;
        }
        const atTick = this.tick + 1 + prng.below(faults.maxDelayTicks);
        this.#flights.push({ message, atTick });
      }
    }
  }

  /** Log Matching and term ownership: one (index, term) is one entry everywhere. */
  #checkCreated(entry: Entry): void {
    const key = `${entry.index}/${entry.term}`;
    const text = entryText(entry);
    const known = this.#created.get(key) ?? text;
    assert.equal(text, known, `tick ${this.tick}: two entries are ${key}`);
    this.#created.set(key, text);
  }

  /** State Machine Safety: everyone applies the same entry at an index, in order. */
  #apply(id: MemberId, member: Member, entry: Entry): void {
    assert.equal(entry.index, member.applied + 1, `tick ${this.tick}: ${id} skips an entry`);
    member.applied = entry.index;
    const text = `${entry.term}:${entryText(entry)}`;
    const known = this.#truth.get(entry.index) ?? text;
    assert.equal(text, known, `tick ${this.tick}: ${id} applies another entry ${entry.index}`);
    this.#truth.set(entry.index, text);
  }

  #checkRead(id: number, index: number): void {
    const read = this.#reads.get(id);
    assert.ok(read && !read.isDone, `tick ${this.tick}: read ${id} is answered twice`);
    const why = `tick ${this.tick}: read ${id} at ${index} misses what was committed before it`;
    assert.ok(index >= read.atLeast, why);
    read.isDone = true;
  }

  #check(): void {
    for (const [id, member] of this.members) {
      const status = member.core?.status();
      if (!status) continue;
      assert.ok(status.term >= member.seenTerm, `tick ${this.tick}: the term of ${id} fell`);
      assert.ok(status.committed >= member.seenCommit, `tick ${this.tick}: commit of ${id} fell`);
      member.seenTerm = status.term;
      member.seenCommit = status.committed;
      if (status.role !== "leader") continue;
      const known = this.#leaders.get(status.term) ?? id;
      assert.equal(id, known, `tick ${this.tick}: two leaders in term ${status.term}`);
      if (!this.#leaders.has(status.term)) this.#checkComplete(id, status.lastIndex);
      this.#leaders.set(status.term, id);
    }
  }

  /** Leader Completeness: a new leader holds everything that was ever committed. */
  #checkComplete(id: MemberId, lastIndex: number): void {
    const core = this.core(id);
    for (const [index, text] of this.#truth) {
      assert.ok(index <= lastIndex, `tick ${this.tick}: leader ${id} lacks committed ${index}`);
      const term = core.termAt(index);
      if (term === undefined) continue;
      assert.equal(String(term), text.split(":")[0], `tick ${this.tick}: leader ${id} at ${index}`);
    }
  }

  /** Words applied anywhere, in order. */
  committedWords(): string[] {
    const words = [...this.#truth].sort(([a], [b]) => a - b).map(([, text]) => text.split(":")[1]);
    return words.filter((word): word is string => word?.startsWith("w") === true);
  }

  /** How many terms had a leader. */
  get leaderships(): number {
    return this.#leaders.size;
  }

  /** Reads that were answered. */
  get answeredReads(): number {
    return [...this.#reads.values()].filter(({ isDone }) => isDone).length;
  }

  /** Whether every running member has applied the same. */
  isLevel(): boolean {
    const applied = [...this.members.values()].map((member) => member.core ? member.applied : -1);
    return applied.every((index) => index === applied[0] && index > 0);
  }

  /** Everything, a line a member. */
  describe(): string {
    const lines = [...this.members].map(([id, { core, applied }]) =>
      `${id}: ${core?.describe() ?? "down"} fsm=${applied}`
    );
    return `tick ${this.tick}\n${lines.join("\n")}`;
  }
}
