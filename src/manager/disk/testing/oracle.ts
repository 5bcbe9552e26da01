/**
 * A disk under test beside what it must remember: drives {@link MemberDisk} and judges a restart.
 *
 * Used by the tests of crashes and damage. The oracle knows the log as acknowledged and every later
 * state that was on its way when the machine stopped; a restart must find one of these, no other.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { Prng } from "../../../lib/mod.ts";
import type { Entry, HardState, Membership, Persist, SnapshotMeta } from "../../../raft/mod.ts";
import type { DiskStart } from "../disk.ts";
import type { Fs } from "../fs.ts";
import { MemberDisk } from "../member_disk.ts";

/** The directory that tests use. */
export const DIR = "/data/raft";

/** A segment of the smallest useful size: many roll over in a short run. */
export const SEGMENT = 40_960;

/** Three voters. */
export const GROUP: Membership = { voters: ["a", "b", "c"], outgoing: [], learners: [] };

/** What a log means. */
export interface LogState {
  readonly hard: HardState;
  readonly snapshot: SnapshotMeta;
  readonly entries: readonly Entry[];
}

/** A data entry whose bytes tell its place. */
export function entry(index: number, term: number, sizeBytes = 40): Entry {
  const data = new Uint8Array(sizeBytes).fill(index * 7 + term);
  return { index, term, payload: { kind: "data", data } };
}

/** Entries `from` to `to`. */
export function entries(from: number, to: number, term: number, sizeBytes = 40): readonly Entry[] {
  return Array.from({ length: to - from + 1 }, (_, at) => entry(from + at, term, sizeBytes));
}

/** A batch with only the parts that are named. */
export function batch(parts: Partial<Persist>): Persist {
  return { hard: null, truncateFrom: null, entries: [], snapshot: null, ...parts };
}

/** The mark of a snapshot. */
export function metaOf(index: number, term: number): SnapshotMeta {
  return { index, term, membership: GROUP };
}

const states = new Map<string, Uint8Array<ArrayBuffer>>();

/** The state that a snapshot at `index` holds in these tests. */
export function stateAt(index: number, sizeBytes = 150_000): Uint8Array<ArrayBuffer> {
  const key = `${index} ${sizeBytes}`;
  const known = states.get(key);
  if (known) return known;
  const prng = new Prng(index);
  const made = new Uint8Array(sizeBytes).map(() => prng.below(256));
  states.set(key, made);
  return made;
}

/** Opens the disk that tests use, with segment ids that repeat from run to run. */
export function open(fs: Fs, seed = 1): { disk: MemberDisk; start: DiskStart } {
  const prng = new Prng(seed);
  const randomBytes = (count: number) => Uint8Array.from({ length: count }, () => prng.below(256));
  return MemberDisk.open(fs, { dir: DIR, memberId: "a", segmentBytes: SEGMENT, randomBytes });
}

/** A log with nothing in it. */
export const EMPTY: LogState = {
  hard: { term: 0, vote: null },
  snapshot: { index: 0, term: 0, membership: { voters: [], outgoing: [], learners: [] } },
  entries: [],
};

/** `state` with `persist` in it. */
export function after(state: LogState, persist: Persist): LogState {
  const { hard, truncateFrom, snapshot } = persist;
  let log = snapshot ? [] : state.entries;
  if (truncateFrom !== null) log = log.filter(({ index }) => index < truncateFrom);
  return {
    hard: hard ?? state.hard,
    snapshot: snapshot ?? state.snapshot,
    entries: [...log, ...persist.entries],
  };
}

/** What a start found, as a state; entries up to the snapshot are left out. */
export function found({ restored }: DiskStart): LogState {
  const { hard, snapshot, entries } = restored;
  return { hard, snapshot, entries: entries.filter(({ index }) => index > snapshot.index) };
}

/** `state` without entries up to its snapshot. */
export function trimmed(state: LogState): LogState {
  const { index: at } = state.snapshot;
  return { ...state, entries: state.entries.filter(({ index }) => index > at) };
}

/** One step of a workload. */
export type Step =
  | { readonly kind: "write"; readonly batches: readonly Persist[] }
  | { readonly kind: "seal" }
  | { readonly kind: "prepare" }
  | {
    readonly kind: "compact";
    readonly index: number;
    readonly term: number;
    readonly keepFrom: number;
  }
  | { readonly kind: "install"; readonly meta: SnapshotMeta; readonly hard: HardState };

/** Runs steps, and knows what must and what may be on the disk. */
export class Oracle {
  /** Acknowledged. */
  acked: LogState;
  /** Every state that the step under way may have left, the acknowledged one first. */
  allowed: readonly LogState[];

  constructor(state: LogState = EMPTY) {
    this.acked = state;
    this.allowed = [state];
  }

  /** Runs `steps`; whatever the disk throws ends it. */
  run(disk: MemberDisk, steps: readonly Step[]): void {
    for (const step of steps) this.#step(disk, step);
  }

  /** Insists that `start` is a state that may be there. */
  judge(start: DiskStart, context: string): LogState {
    const state = found(start);
    const isAllowed = this.allowed.some((one) => isSame(trimmed(one), state));
    assert.ok(
      isAllowed,
      `${context}: found ${describe(state)}, not one of ${
        this.allowed.map((one) => describe(trimmed(one))).join("; ")
      }`,
    );
    return { ...state, entries: [...start.restored.entries] };
  }

  #step(disk: MemberDisk, step: Step): void {
    switch (step.kind) {
      case "write":
        return this.#write(disk, step.batches);
      case "seal":
        return disk.seal();
      case "prepare":
        while (disk.prepare());
        return;
      case "compact": {
        const meta = metaOf(step.index, step.term);
        const draft = disk.beginSnapshot(meta);
        draft.write(stateAt(step.index));
        draft.finish();
        const next = { ...this.acked, snapshot: meta };
        this.allowed = [this.acked, next];
        disk.compact(step.index, step.keepFrom);
        return this.#acknowledge(next);
      }
      case "install": {
        const state = stateAt(step.meta.index);
        const draft = disk.receiveSnapshot(step.meta, {
          digest: digestOf(state),
          sizeBytes: state.length,
        });
        draft.write(state.subarray(draft.offset));
        draft.finish(digestOf(state));
        return this.#write(disk, [batch({ snapshot: step.meta, hard: step.hard })]);
      }
    }
  }

  #write(disk: MemberDisk, batches: readonly Persist[]): void {
    const states = [this.acked];
    for (const one of batches) states.push(after(states[states.length - 1] ?? this.acked, one));
    this.allowed = states;
    assert.equal(disk.write(batches), batches.length);
    this.#acknowledge(states[states.length - 1] ?? this.acked);
  }

  #acknowledge(state: LogState): void {
    this.acked = state;
    this.allowed = [state];
  }
}

/** Whether two states mean the same. */
export function isSame(a: LogState, b: LogState): boolean {
  return isDeepStrictEqual(a, b);
}

/** One line. */
export function describe({ hard, snapshot, entries }: LogState): string {
  const log = entries.map(({ index, term }) => `${index}/${term}`).join(" ");
  return `term=${hard.term} vote=${hard.vote} snapshot=${snapshot.index}/${snapshot.term} [${log}]`;
}

/** sha-256 of `bytes` in hex. */
export function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
