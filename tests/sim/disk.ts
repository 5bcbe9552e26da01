/**
 * One member's disk: batches become durable one after another, some time after they were written.
 *
 * A crash loses what was under way from some batch on, whole batches only: that a batch is atomic is the
 * log's promise. Beside the entries it keeps their hash chain, by which checkers compare logs in one step.
 */
import type { Prng } from "../../src/lib/mod.ts";
import type {
  Entry,
  HardState,
  Membership,
  Persist,
  Restored,
  SnapshotMeta,
} from "../../src/raft/mod.ts";
import { EMPTY_IMAGE, type MachineImage } from "./machine.ts";
import { must } from "./checks/violation.ts";

/** An entry with the hash of everything up to it. */
export interface Link {
  readonly entry: Entry;
  readonly chain: number;
}

interface Write {
  readonly seq: number;
  readonly persist: Persist | null;
  readonly links: readonly Link[];
  readonly image: MachineImage | null;
  readonly sinceTick: number;
  readonly doneTick: number;
}

/** A log as a list of links after a base. */
export class Chain {
  links: Link[] = [];

  constructor(
    public base: { readonly index: number; readonly term: number; readonly chain: number },
  ) {}

  get lastIndex(): number {
    return this.base.index + this.links.length;
  }

  get lastTerm(): number {
    return this.links.at(-1)?.entry.term ?? this.base.term;
  }

  at(index: number): Link | undefined {
    return this.links[index - this.base.index - 1];
  }

  /** Hash of everything up to `index`; undefined when it is not there or not any more. */
  chainAt(index: number): number | undefined {
    return index === this.base.index ? this.base.chain : this.at(index)?.chain;
  }

  truncate(index: number): void {
    this.links.length = Math.max(0, Math.min(this.links.length, index - this.base.index - 1));
  }

  dropThrough(index: number): void {
    const link = this.at(index);
    if (!link) return;
    this.links.splice(0, index - this.base.index);
    this.base = { index, term: link.entry.term, chain: link.chain };
  }
}

/** Durable state, and the queue of writes before it. */
export class SimDisk {
  hard: HardState = { term: 0, vote: null };
  snapshot: SnapshotMeta;
  image: MachineImage = EMPTY_IMAGE;
  log = new Chain({ index: 0, term: 0, chain: 0 });
  /** Set by a crash that took a durable batch along. */
  isInDoubt = false;
  /** Up to where it was noted now and then that all is committed. */
  noted = 0;
  /** What such crashes took along. */
  lost: Link[] = [];
  stalledUntil = 0;
  #queue: Write[] = [];
  #doneTick = 0;
  /** What the newest durable batch changed in the log alone, so that it can be taken back. */
  #newest: { readonly before: readonly Link[]; readonly from: number } | null = null;

  constructor(membership: Membership) {
    this.snapshot = { index: 0, term: 0, membership };
  }

  /** Queues a batch that takes `ticks`, after all before it. */
  write(write: Omit<Write, "doneTick" | "sinceTick">, tick: number, ticks: number): void {
    this.#doneTick = Math.max(this.#doneTick, tick + ticks);
    this.#queue.push({ ...write, sinceTick: tick, doneTick: this.#doneTick });
  }

  /** Batches under way. */
  get pending(): number {
    return this.#queue.length;
  }

  /** How long the oldest write is under way at `tick`. */
  age(tick: number): number {
    return tick - (this.#queue.find(({ persist }) => persist !== null)?.sinceTick ?? tick);
  }

  /** Completes the next batch if it is due; its number. */
  complete(tick: number): number | undefined {
    const write = this.#queue[0];
    if (!write || write.doneTick > tick || this.stalledUntil > tick) return undefined;
    this.#queue.shift();
    this.#carryOut(write);
    return write.seq;
  }

  /** Power is cut: of the batches under way some reached the disk. True when something was lost. */
  crash(prng: Prng): boolean {
    const kept = prng.below(this.#queue.length + 1);
    for (const write of this.#queue.slice(0, kept)) this.#carryOut(write);
    const isLossy = this.#queue.slice(kept).some(({ persist }) => persist !== null);
    this.#queue = [];
    this.#doneTick = 0;
    this.stalledUntil = 0;
    return isLossy;
  }

  /** The newest durable batch cannot be read. False when it is one that the log seals at once. */
  loseNewest(): boolean {
    if (!this.#newest) return false;
    const { before, from } = this.#newest;
    if (from <= this.snapshot.index) return false;
    this.lost.push(...this.log.links.slice(Math.max(0, from - this.log.base.index - 1)));
    this.log.truncate(from);
    this.log.links.push(...before);
    this.#newest = null;
    this.isInDoubt = true;
    return true;
  }

  /** A local snapshot; entries before `keepFrom` are deleted. */
  compact(image: MachineImage, meta: SnapshotMeta, keepFrom: number): void {
    if (meta.index < this.snapshot.index) return;
    this.snapshot = meta;
    this.image = image;
    this.log.dropThrough(Math.min(meta.index, keepFrom - 1));
    if (this.#newest && this.#newest.from <= this.log.base.index) this.#newest = null;
  }

  /** What a restart finds. */
  restored(): Restored {
    return {
      hard: this.hard,
      snapshot: this.snapshot,
      base: this.log.base,
      entries: this.log.links.map(({ entry }) => entry),
      isInDoubt: this.isInDoubt,
      committed: this.noted,
    };
  }

  #carryOut({ persist, links, image }: Write): void {
    if (!persist) return;
    const { hard, snapshot, truncateFrom, entries } = persist;
    if (hard) this.hard = hard;
    if (snapshot) {
      must(image?.index === snapshot.index, "snapshot", `its data at ${snapshot.index} is here`);
      this.snapshot = snapshot;
      this.image = image;
      this.log = new Chain({ index: snapshot.index, term: snapshot.term, chain: image.chain });
    }
    const from = truncateFrom ?? entries[0]?.index ?? this.log.lastIndex + 1;
    const before = this.log.links.slice(Math.max(0, from - this.log.base.index - 1));
    this.#newest = hard || snapshot ? null : { before, from };
    if (truncateFrom !== null) this.log.truncate(truncateFrom);
    for (const link of links) {
      must(link.entry.index === this.log.lastIndex + 1, "batches", "entries follow without a gap");
      this.log.links.push(link);
    }
  }
}
