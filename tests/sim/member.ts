/**
 * One simulated member: a core with a disk, a state machine and a driver that does as little as it may.
 *
 * The driver hands batches to the disk, messages to the network and entries to the machine, each with
 * its own delay, and reports back. It decides nothing; every step is shown to the observer.
 */
import { Prng } from "../../src/lib/mod.ts";
import {
  type CoreConfig,
  type CoreStatus,
  type Entry,
  type MemberId,
  type Membership,
  type Message,
  type Persist,
  RaftCore,
  type Ready,
  type Restored,
} from "../../src/raft/mod.ts";
import { Chain, SimDisk } from "./disk.ts";
import { type Applied, chainHash, Machine, type MachineImage } from "./machine.ts";
import { must } from "./checks/violation.ts";

/** Told of everything that a member does. */
export interface Observer {
  /** Before the batch is written; its entries with their hashes are at the end of `member.mirror`. */
  batch(member: SimMember, ready: Ready): void;
  /** A message leaves. */
  send(member: SimMember, message: Message): void;
  applied(member: SimMember, entry: Entry, applied: Applied | undefined): void;
  /** A read may be answered, the machine being far enough; null when it failed. */
  read(member: SimMember, id: number, isOk: boolean): void;
  /** Its core takes part in everything again after a crash that left its log in doubt. */
  recovered(member: SimMember): void;
  /** The core may have changed. */
  looked(member: SimMember): void;
}

/** Makes a core from what is on the disk and a seed. */
export type MakeCore = (config: CoreConfig, restored: Restored, seed: number) => RaftCore;

/** The core as it is. */
export const plainCore: MakeCore = (config, restored, seed) =>
  new RaftCore(config, restored, new Prng(seed));

/** Entries between two notes of how far the log is committed. */
const NOTED_EVERY = 7;

/** How long what takes. */
export interface Pace {
  readonly slowDisk: number;
  readonly slowApply: number;
}

type Work =
  | { readonly kind: "apply"; readonly entry: Entry; readonly atTick: number }
  | { readonly kind: "restore"; readonly seq: number; readonly image: MachineImage };

/** A member and all that belongs to it. */
export class SimMember {
  core: RaftCore | null = null;
  readonly disk: SimDisk;
  readonly machine = new Machine();
  /** The log as it will be when all batches are written. */
  mirror = new Chain({ index: 0, term: 0, chain: 0 });
  /** Counts starts. */
  life = 0;
  /** The life of each peer that it has met. */
  readonly known = new Map<MemberId, number>();
  /** 0 while it is not stopped. */
  pausedUntil = 0;
  pausedSince = 0;
  resumedTick = 0;
  bornTick = 0;
  /** Since when no majority could answer it while it led; null while one could. */
  aloneSince: number | null = null;
  /** Since when it is in a later term than a leader that it can talk to. */
  straySince: number | null = null;
  /** The batch that was taken last undid a change of the membership. */
  hasRolledBack = false;
  /** Entries kept behind a snapshot, at most. */
  trailing = 0;
  /** When it starts again; null while it runs, Infinity when never. */
  restartTick: number | null = null;
  clockRate = 1;
  /** When it last had something written, on its own clock. */
  wroteTick = 0;
  /** Ticks of its own clock since it started. */
  ownTick = 0;
  #clock = 0;
  /** Snapshots that arrived, by index. */
  readonly images = new Map<number, MachineImage>();
  #held: { readonly seq: number; readonly messages: readonly Message[] }[] = [];
  #work: Work[] = [];
  #persisted = 0;
  #reads: { readonly id: number; readonly index: number }[] = [];
  /** Ids of reads that are not answered. */
  readonly openReads = new Set<number>();

  constructor(
    readonly id: MemberId,
    membership: Membership,
    readonly config: CoreConfig,
    readonly observer: Observer,
    readonly prng: Prng,
    public pace: Pace,
    readonly makeCore: MakeCore,
  ) {
    this.disk = new SimDisk(membership);
  }

  /** Whether it can take messages now. */
  isAwake(tick: number): boolean {
    return this.core !== null && this.pausedUntil <= tick;
  }

  status(): CoreStatus | undefined {
    return this.core?.status();
  }

  /** Starts from what is on the disk. */
  start(): void {
    this.life += 1;
    this.restartTick = null;
    this.pausedUntil = 0;
    this.#clock = 0;
    this.ownTick = 0;
    this.wroteTick = 0;
    this.#persisted = 0;
    this.machine.load(this.disk.image);
    this.mirror = new Chain(this.disk.log.base);
    this.mirror.links = [...this.disk.log.links];
    this.core = this.makeCore(this.config, this.disk.restored(), this.prng.uint32());
  }

  /** Power cut. True when writes were lost. */
  crash(restartTick: number): boolean {
    this.core = null;
    this.restartTick = restartTick;
    this.#held = [];
    this.#work = [];
    this.#reads = [];
    this.openReads.clear();
    this.images.clear();
    return this.disk.crash(this.prng);
  }

  /** A message arrives; a snapshot with its data, which is on the disk then. */
  receive(message: Message, image: MachineImage | null): void {
    if (image) this.images.set(image.index, image);
    this.core?.step(message);
    this.observer.looked(this);
  }

  /** One tick of the world: completed writes and applies, then as many own ticks as its clock says. */
  tick(now: number): void {
    this.#completeWrites(now);
    this.#carryOn(now);
    this.#clock += this.clockRate;
    for (; this.#clock >= 1; this.#clock -= 1) {
      this.ownTick += 1;
      this.core?.tick();
      this.observer.looked(this);
    }
    if (this.disk.isInDoubt && this.core?.status().isRecovering === false) {
      this.observer.recovered(this);
      this.disk.isInDoubt = false;
      this.disk.lost = [];
    }
  }

  /** The clock stood still for `ticks`: it catches up, at most one election time-out at a stretch. */
  catchUp(ticks: number): void {
    this.#clock += Math.min(ticks, this.config.electionTimeoutTicks);
  }

  #completeWrites(now: number): void {
    for (let seq = this.disk.complete(now); seq !== undefined; seq = this.disk.complete(now)) {
      this.#persisted = seq;
      this.core?.persisted(seq);
      this.observer.looked(this);
      while (this.#held[0] && this.#held[0].seq <= seq) {
        for (const message of this.#held.shift()?.messages ?? []) this.observer.send(this, message);
      }
    }
  }

  /** Takes what the core hands out, until it has nothing more. */
  pump(now: number): void {
    for (let ready = this.core?.takeReady(); ready; ready = this.core?.takeReady()) {
      this.#carryOut(ready, now);
      this.#carryOn(now);
    }
  }

  #carryOut(ready: Ready, now: number): void {
    const image = ready.persist?.snapshot ? this.#take(ready.persist.snapshot.index) : null;
    if (ready.persist) this.#mirror(ready.persist, image);
    const fresh = ready.persist?.entries.length ?? 0;
    this.observer.batch(this, ready);
    if (ready.persist) this.wroteTick = this.ownTick;
    this.disk.write(
      {
        seq: ready.seq,
        persist: ready.persist,
        links: fresh > 0 ? this.mirror.links.slice(-fresh) : [],
        image,
      },
      now,
      ready.persist ? this.prng.below(Math.floor(this.pace.slowDisk) + 1) : 0,
    );
    for (const message of ready.sendNow) this.observer.send(this, message);
    this.#held.push({ seq: ready.seq, messages: ready.sendAfterPersisted });
    if (image) this.#work.push({ kind: "restore", seq: ready.seq, image });
    const atTick = now + this.prng.below(Math.floor(this.pace.slowApply) + 1);
    for (const entry of ready.apply) this.#work.push({ kind: "apply", entry, atTick });
    this.#reads.push(...ready.reads);
    for (const id of ready.readsFailed) {
      this.openReads.delete(id);
      this.observer.read(this, id, false);
    }
    this.observer.looked(this);
  }

  #take(index: number): MachineImage {
    const image = this.images.get(index);
    must(image, "snapshot", `the data of the snapshot at ${index} has arrived at ${this.id}`);
    this.images.clear();
    return image;
  }

  #mirror(persist: Persist, image: MachineImage | null): void {
    if (persist.snapshot && image) {
      const { index, term } = persist.snapshot;
      this.mirror = new Chain({ index, term, chain: image.chain });
    }
    const from = persist.truncateFrom ?? Infinity;
    this.hasRolledBack = from !== Infinity &&
      this.mirror.links.some(({ entry }) =>
        entry.index >= from && entry.payload.kind === "membership"
      );
    if (from !== Infinity) this.mirror.truncate(from);
    for (const entry of persist.entries) {
      must(entry.index === this.mirror.lastIndex + 1, "batches", `${this.id} writes without a gap`);
      const before = this.mirror.chainAt(this.mirror.lastIndex) ?? 0;
      this.mirror.links.push({ entry, chain: chainHash(before, entry) });
    }
  }

  /** Entries on their way to the state machine; those before a snapshot that replaces them do not count. */
  get applying(): readonly Entry[] {
    const first = this.#work.findLastIndex(({ kind }) => kind === "restore") + 1;
    return this.#work.slice(first).flatMap((work) => work.kind === "apply" ? [work.entry] : []);
  }

  /** Does what the state machine has to do, and answers the reads that waited for it. */
  #carryOn(now: number): void {
    while (this.core) {
      const work = this.#work[0];
      if (!work) break;
      if (work.kind === "restore") {
        if (this.#persisted < work.seq) break;
        this.machine.load(work.image);
      } else {
        if (work.atTick > now) break;
        const { entry } = work;
        const rule = "state machine safety";
        must(entry.index === this.machine.index + 1, rule, `${this.id} skips to ${entry.index}`);
        const applied = this.machine.apply(entry, chainHash(this.machine.chain, entry));
        this.observer.applied(this, entry, applied);
        if (entry.index % NOTED_EVERY === 0) this.disk.noted = entry.index;
      }
      this.#work.shift();
      this.core?.applied(this.machine.index);
    }
    if (this.#reads.length === 0) return;
    const ready = this.#reads.filter(({ index }) => index <= this.machine.index);
    this.#reads = this.#reads.filter(({ index }) => index > this.machine.index);
    for (const { id } of ready) {
      this.openReads.delete(id);
      this.observer.read(this, id, true);
    }
  }

  /** A local snapshot at what was applied; undefined when there is nothing new. */
  beginSnapshot(): (() => "done" | "too late" | "held back") | undefined {
    const { core, life } = this;
    const { index } = this.machine;
    if (!core || index <= this.disk.snapshot.index || core.termAt(index) === undefined) return;
    const [meta, image] = [core.snapshotMeta(index), this.machine.save()];
    const trailing = this.prng.below(this.trailing + 1);
    return () => {
      if (this.core !== core || this.life !== life) return "too late";
      const keepFrom = Math.max(1, index + 1 - trailing);
      const kept = core.compact(index, keepFrom);
      if (kept === null) return "too late";
      this.disk.compact(image, meta, kept);
      this.mirror.dropThrough(kept - 1);
      return kept < keepFrom && this.disk.log.base.index < keepFrom - 1 ? "held back" : "done";
    };
  }

  /** One line for the report of a failed run. */
  describe(): string {
    const state = this.core?.describe() ?? `down until ${this.restartTick}`;
    return `${this.id} life=${this.life} fsm=${this.machine.index}: ${state}`;
  }
}
