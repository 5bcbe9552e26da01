/**
 * A handful of members on a bench: every tick, write and delivery happens when the test says so.
 *
 * Used by unit tests and by the scripts. Nothing is random but the cores' own timeouts, which come from
 * fixed seeds. A member's disk completes batches in order and keeps only what was completed.
 */
import { assert, Prng } from "../../lib/mod.ts";
import { coreConfig } from "../config.ts";
import { RaftCore, type Restored } from "../core.ts";
import { membersOf } from "../membership.ts";
import type { CoreConfig } from "../state.ts";
import type { Entry, MemberId, Membership, Message, Persist, Ready } from "../message.ts";

/** A member on the bench. */
export interface Bench {
  core: RaftCore;
  disk: Restored;
  /** Batches handed out and not durable yet. */
  writing: Ready[];
  /** What the state machine was given. */
  applied: number;
  /** Whether its state machine stands still: what is handed out is not reported. */
  isHeld: boolean;
  /** Indexes of reads by their id; null for those that failed. */
  readonly reads: Map<number, number | null>;
}

/** A disk on which nothing was written but the log of the given terms. */
export function diskOf(membership: Membership, terms: readonly number[] = []): Restored {
  return {
    hard: { term: terms.at(-1) ?? 0, vote: null },
    snapshot: { index: 0, term: 0, membership },
    base: { index: 0, term: 0 },
    entries: terms.map((term, at) => ({ index: at + 1, term, payload: { kind: "noop" } })),
  };
}

/** The disk after a batch was written to it. */
export function written(disk: Restored, persist: Persist): Restored {
  const { hard, snapshot, truncateFrom, entries } = persist;
  const kept = snapshot
    ? []
    : disk.entries.filter(({ index }) => index < (truncateFrom ?? Infinity));
  return {
    hard: hard ?? disk.hard,
    snapshot: snapshot ?? disk.snapshot,
    base: snapshot ?? disk.base,
    entries: [...kept, ...entries],
  };
}

/** Members, and the messages between them. */
export class Lab {
  readonly members = new Map<MemberId, Bench>();
  /** Messages on their way, the oldest first. */
  flights: Message[] = [];
  readonly #config: Partial<CoreConfig>;
  readonly #cuts = new Set<string>();
  #seed = 0;

  constructor(config: Partial<CoreConfig> = {}) {
    this.#config = config;
  }

  /** A started group of voters with empty logs. */
  static of(ids: readonly MemberId[], config: Partial<CoreConfig> = {}): Lab {
    const lab = new Lab(config);
    for (const id of ids) lab.add(id, diskOf(membersOf(...ids)));
    return lab;
  }

  /** Starts a member from `disk`; one that ran before is restarted. */
  add(id: MemberId, disk: Restored): Bench {
    this.#seed += 1;
    const config = { ...coreConfig(id), ...this.#config };
    const core = new RaftCore(config, disk, new Prng(this.#seed));
    const applied = disk.snapshot.index;
    const bench = { core, disk, writing: [], applied, isHeld: false, reads: new Map() };
    this.members.set(id, bench);
    return bench;
  }

  /** Power cut and restart: what was not durable is gone, and so is what was on its way. */
  restart(id: MemberId, disk = this.get(id).disk): void {
    this.flights = this.flights.filter(({ from, to }) => from !== id && to !== id);
    this.add(id, disk);
  }

  get(id: MemberId): Bench {
    const bench = this.members.get(id);
    assert(bench, `${id} is on the bench`);
    return bench;
  }

  core(id: MemberId): RaftCore {
    return this.get(id).core;
  }

  /** Takes what a core hands out; sends what may leave at once. Returns the batches. */
  take(id: MemberId): Ready[] {
    const bench = this.get(id);
    const taken: Ready[] = [];
    for (let ready = bench.core.takeReady(); ready; ready = bench.core.takeReady()) {
      taken.push(ready);
      bench.writing.push(ready);
      this.flights.push(...ready.sendNow);
      for (const { id, index } of ready.reads) bench.reads.set(id, index);
      for (const id of ready.readsFailed) bench.reads.set(id, null);
      const applied = ready.apply.at(-1)?.index;
      if (applied !== undefined) this.#apply(bench, applied);
    }
    return taken;
  }

  #apply(bench: Bench, index: number): void {
    bench.applied = index;
    if (!bench.isHeld) bench.core.applied(index);
  }

  /** The state machine of `id` stands still from here on, or goes on. */
  hold(id: MemberId, isHeld: boolean): void {
    const bench = this.get(id);
    bench.isHeld = isHeld;
    this.#apply(bench, bench.applied);
  }

  /** Completes the oldest `count` batches of a member and sends what waited for them. */
  persist(id: MemberId, count = Infinity): void {
    const bench = this.get(id);
    for (const ready of bench.writing.splice(0, count)) {
      if (ready.persist) bench.disk = written(bench.disk, ready.persist);
      if (ready.restore) this.#apply(bench, ready.restore.index);
      bench.core.persisted(ready.seq);
      this.flights.push(...ready.sendAfterPersisted);
    }
  }

  /** Delivers the messages that `choose` picks, of those under way now; cut and unknown ones vanish. */
  deliver(choose: (message: Message) => boolean = () => true): Message[] {
    const due = this.flights.filter(choose);
    this.flights = this.flights.filter((message) => !due.includes(message));
    return due.filter((message) => {
      const isLost = this.#cuts.has(`${message.from}>${message.to}`);
      const target = isLost ? undefined : this.members.get(message.to);
      const sender = this.members.get(message.from)?.core;
      if (message.kind === "snapshot") {
        sender?.report(message.to, target ? "snapshot sent" : "snapshot failed");
      }
      target?.core.step(message);
      return target !== undefined;
    });
  }

  /** Messages from `a` to `b` get lost, and those back too unless `isOneWay`. */
  cut(a: MemberId, b: MemberId, isOneWay = false): void {
    this.#cuts.add(`${a}>${b}`);
    if (!isOneWay) this.#cuts.add(`${b}>${a}`);
  }

  /** Nothing is cut any more. */
  heal(): void {
    this.#cuts.clear();
  }

  /** Writes and delivers until nothing happens; returns what was delivered. */
  settle(): Message[] {
    const delivered: Message[] = [];
    for (let round = 0; round < 1_000; round++) {
      for (const id of this.members.keys()) {
        this.take(id);
        this.persist(id);
      }
      if (this.flights.length === 0) {
        const isQuiet = [...this.members.keys()].every((id) => this.take(id).length === 0);
        if (isQuiet) return delivered;
      }
      delivered.push(...this.deliver());
    }
    throw new Error(`the members do not come to rest:\n${this.describe()}`);
  }

  /** Time passes for a member, or for all. */
  tick(ticks: number, ids: Iterable<MemberId> = this.members.keys()): void {
    const list = [...ids];
    for (let n = 0; n < ticks; n++) for (const id of list) this.core(id).tick();
  }

  /** Time passes for one member until it asks for votes; what it hands out is taken. */
  timeOut(id: MemberId): void {
    const asked = () => this.flights.filter((one) => one.kind === "vote" && one.from === id).length;
    const before = asked();
    for (let n = 0; n < 1_000 && asked() === before; n++) {
      this.core(id).tick();
      this.take(id);
      if (this.core(id).status().role === "candidate") return;
    }
  }

  /** Time passes for all, with everything written and delivered at once. */
  run(ticks: number): void {
    for (let n = 0; n < ticks; n++) {
      this.tick(1);
      this.settle();
    }
  }

  /** Makes `id` lead by letting it alone time out, and settles. */
  elect(id: MemberId): void {
    for (const other of this.members.keys()) {
      // The others forget the leader they may have, so that they are free to vote.
      const { leader, role } = this.core(other).status();
      if (role === "follower" && leader !== null) this.core(other).report(leader, "unreachable");
    }
    this.timeOut(id);
    this.settle();
    assert(this.core(id).status().role === "leader", `${id} leads:\n${this.describe()}`);
  }

  /** Terms of a member's log from its first entry on. */
  terms(id: MemberId): (number | undefined)[] {
    const { core } = this.get(id);
    const { firstIndex, lastIndex } = core.status();
    const length = Math.max(0, lastIndex - firstIndex + 1);
    return Array.from({ length }, (_, at) => core.termAt(firstIndex + at));
  }

  /** Everything, by member. */
  describe(): string {
    return [...this.members].map(([id, { core }]) => `${id}: ${core.describe()}`).join("\n");
  }
}

/** An entry that carries a word. */
export function wordEntry(index: number, term: number, word = "w"): Entry {
  return { index, term, payload: { kind: "data", data: new TextEncoder().encode(word) } };
}
