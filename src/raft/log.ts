/**
 * The log as the core sees it: entries after a base, what of them is durable, committed, applied.
 *
 * Kept in memory; the driver writes what `Ready` hands out and reports back. The base may lie before
 * the snapshot: trailing entries spare a slow member the whole state. Invariant:
 * `base <= snapshot <= handed <= committed <= last`, `applied <= handed` and `durable <= last`.
 */
import { assert } from "../lib/mod.ts";
import type { Entry, SnapshotMeta } from "./message.ts";

/** Result of looking for a place where two logs agree. */
export interface Hint {
  readonly index: number;
  readonly term: number;
}

/** Entries from just after the base to the last one. */
export class RaftLog {
  #entries: Entry[];
  /** The entry just before the first one kept. */
  #base: Hint;
  #snapshot: SnapshotMeta;
  #committed: number;
  /** Everything up to here was given to the state machine. */
  #handed: number;
  /** The state machine has applied everything up to here. */
  #applied: number;
  /** Everything up to here is on this member's disk; below the base while a snapshot is written. */
  #durable: number;
  #bytes = 0;
  /** Of the entries in (applied, handed]. */
  #handedBytes = 0;
  /** Of the entries in (applied, committed]. */
  #unappliedBytes = 0;

  /** `entries` follow on `base` without a gap and reach at least `snapshot`; all of it is durable. */
  constructor(snapshot: SnapshotMeta, base: Hint, entries: readonly Entry[]) {
    this.#snapshot = snapshot;
    this.#base = base;
    this.#entries = [...entries];
    this.#committed = snapshot.index;
    this.#handed = snapshot.index;
    this.#applied = snapshot.index;
    this.#durable = base.index + entries.length;
    entries.forEach((entry, at) => {
      assert(entry.index === base.index + 1 + at, "the restored log has no gap");
      this.#bytes += entryBytes(entry);
    });
    assert(base.index <= snapshot.index && snapshot.index <= this.#durable, "log meets snapshot");
  }

  get snapshot(): SnapshotMeta {
    return this.#snapshot;
  }

  get committed(): number {
    return this.#committed;
  }

  /** The state machine has applied everything up to here. */
  get applied(): number {
    return this.#applied;
  }

  /** Everything up to here was handed out for applying. */
  get handed(): number {
    return this.#handed;
  }

  /** What the kept entries count, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  get durable(): number {
    return this.#durable;
  }

  get lastIndex(): number {
    return this.#base.index + this.#entries.length;
  }

  get lastTerm(): number {
    return this.#entries.at(-1)?.term ?? this.#base.term;
  }

  /** First index that entries are kept for. */
  get firstIndex(): number {
    return this.#base.index + 1;
  }

  /** What entries that are committed and not applied yet count, in bytes. */
  get unappliedBytes(): number {
    return this.#unappliedBytes;
  }

  /** The term at `index`; undefined when it was compacted away or is not there yet. */
  termAt(index: number): number | undefined {
    if (index === this.#base.index) return this.#base.term;
    return this.entryAt(index)?.term;
  }

  entryAt(index: number): Entry | undefined {
    return this.#entries[index - this.firstIndex];
  }

  /** Whether this log holds just that entry. */
  matches(index: number, term: number): boolean {
    return this.termAt(index) === term;
  }

  /** Entries in [from, to), cut when they exceed `maxBytes`; at least one when there is one. */
  slice(from: number, to: number, maxBytes: number): readonly Entry[] {
    assert(from >= this.firstIndex, `entries from ${from} are kept`);
    const found: Entry[] = [];
    let bytes = 0;
    for (let index = from; index < to; index++) {
      const entry = this.entryAt(index);
      if (!entry) break;
      bytes += entryBytes(entry);
      if (found.length > 0 && bytes > maxBytes) break;
      found.push(entry);
    }
    return found;
  }

  /** Adds entries that follow on the last one. */
  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      assert(entry.index === this.lastIndex + 1, "entries are appended without a gap");
      assert(entry.term >= this.lastTerm, "terms never fall along the log");
      this.#entries.push(entry);
      this.#bytes += entryBytes(entry);
    }
  }

  /** Drops entries from `index` on. Never below what is committed (rule B2). */
  truncate(index: number): void {
    assert(index > this.#committed, `entry ${index} is committed and cannot be truncated`);
    const dropped = this.#entries.splice(Math.max(0, index - this.firstIndex));
    this.#bytes -= bytesOf(dropped);
    this.#durable = Math.min(this.#durable, index - 1);
  }

  /** Raises the commit index; it never falls. True when it rose. */
  commitTo(index: number): boolean {
    if (index <= this.#committed) return false;
    assert(index <= this.lastIndex, `commit ${index} is within the log (${this.lastIndex})`);
    this.#unappliedBytes += this.bytesBetween(this.#committed, index);
    this.#committed = index;
    return true;
  }

  /** A write finished: everything up to `index` is durable, as far as it was not truncated since. */
  durableTo(index: number): void {
    assert(index <= this.lastIndex, `durable ${index} is within the log (${this.lastIndex})`);
    this.#durable = Math.max(this.#durable, index);
  }

  /**
   * Entries that may be applied: committed and durable here. Marks them as handed out. No more than
   * `maxBytes` are on their way at a time, but always one (rule G7).
   */
  takeApplicable(maxBytes: number): readonly Entry[] {
    const to = Math.min(this.#committed, this.#durable);
    const next = this.entryAt(this.#handed + 1);
    if (to <= this.#handed || !next) return [];
    const free = maxBytes - this.#handedBytes;
    if (this.#handedBytes > 0 && entryBytes(next) > free) return [];
    const entries = this.slice(this.#handed + 1, to + 1, free);
    this.#handed += entries.length;
    this.#handedBytes += bytesOf(entries);
    return entries;
  }

  /** The state machine has applied everything up to `index`; older reports are ignored. */
  appliedTo(index: number): void {
    assert(index <= this.#handed, `${index} was handed out before it was applied`);
    if (index <= this.#applied) return;
    const bytes = this.bytesBetween(this.#applied, index);
    this.#applied = index;
    this.#handedBytes -= bytes;
    this.#unappliedBytes -= bytes;
  }

  /** What the kept entries in (after, to] count, in bytes. */
  bytesBetween(after: number, to: number): number {
    const from = Math.max(after + 1, this.firstIndex) - this.firstIndex;
    let bytes = 0;
    for (let at = from; at <= to - this.firstIndex; at++) {
      const entry = this.#entries[at];
      if (entry) bytes += entryBytes(entry);
    }
    return bytes;
  }

  /** A local snapshot was made: entries before `keepFrom`, all within it, are forgotten. */
  compact(snapshot: SnapshotMeta, keepFrom: number): void {
    assert(snapshot.index <= this.#applied, "only what was applied is compacted");
    if (snapshot.index > this.#snapshot.index) this.#snapshot = snapshot;
    const index = Math.min(this.#snapshot.index, keepFrom - 1);
    if (index <= this.#base.index) return;
    const term = this.termAt(index);
    assert(term !== undefined, "the term at the compaction point is known");
    this.#bytes -= bytesOf(this.#entries.splice(0, index - this.#base.index));
    this.#base = { index, term };
  }

  /**
   * Replaces everything by a snapshot from the leader (rule F2: no suffix of a log that disagrees).
   * Nothing is durable until it is written (rule F6).
   */
  restore(snapshot: SnapshotMeta): void {
    assert(snapshot.index > this.#committed, "a snapshot does not go back");
    this.#entries = [];
    this.#bytes = 0;
    this.#handedBytes = 0;
    this.#unappliedBytes = 0;
    this.#snapshot = snapshot;
    this.#base = { index: snapshot.index, term: snapshot.term };
    this.#committed = snapshot.index;
    this.#handed = snapshot.index;
    this.#durable = 0;
  }

  /**
   * The last place at or before `index` whose term is at most `term`: where two logs may agree, with
   * whole terms skipped (rule B11).
   */
  conflictHint(index: number, term: number): Hint {
    let at = Math.min(index, this.lastIndex);
    while (at > this.#base.index && (this.termAt(at) ?? 0) > term) at--;
    return { index: at, term: this.termAt(at) ?? 0 };
  }

  /** One line for tests, logs and inspection: what is kept as runs of one term, then the marks. */
  describe(): string {
    const runs: { term: number; from: number; to: number }[] = [];
    for (const { index, term } of this.#entries) {
      const run = runs.at(-1);
      if (run?.term === term) run.to = index;
      else runs.push({ term, from: index, to: index });
    }
    const kept = runs.map(({ term, from, to }) => `${from}${to > from ? `-${to}` : ""}/t${term}`);
    const base = this.#base.index > 0 ? [`(${this.#base.index}/t${this.#base.term})`] : [];
    const marks = `commit=${this.#committed} durable=${this.#durable} applied=${this.#applied}`;
    return `[${[...base, ...kept].join(" ")}] snapshot=${this.#snapshot.index} ${marks}`;
  }
}

/** What an entry counts against limits, in bytes. */
export function entryBytes({ payload }: Entry): number {
  return 32 + (payload.kind === "data" ? payload.data.length : 0);
}

function bytesOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
}
