/**
 * What consensus replicates: entries in, answers out; a whole state as bytes and back.
 *
 * The store is the one of production; a counter is enough for benchmarks. Invariant: the same entries
 * give the same answers and the same state on every member.
 */
import type { WallMs } from "../../lib/mod.ts";
import { asIndex, type LogIndex } from "../../model/mod.ts";
import { type Applied, decodeEntry, encodeState, type Store } from "../../store/mod.ts";

/** A state held still while it is encoded in pieces. */
export interface StateInPieces {
  readonly index: number;
  readonly pieces: Iterable<Uint8Array<ArrayBuffer>>;
}

/** The replicated part of a manager. */
export interface StateMachine {
  /** Index of the last entry that was applied. */
  readonly index: number;
  /** Applies one entry, with the leader's time. @throws WarrenError DATA_CORRUPT when it is unreadable */
  apply(index: number, data: Uint8Array, atMs: WallMs): Applied;
  /** An entry at `index` without anything to apply. */
  skip(index: number): void;
  restore(state: Uint8Array): void;
  capture(): StateInPieces;
}

/** The store as a state machine. */
export function storeMachine(store: Store): StateMachine {
  let index: number = store.view.index;
  return {
    get index() {
      return index;
    },
    apply(at, data, atMs) {
      let applied: Applied = { ok: true, index: asIndex(at) };
      for (const proposal of decodeEntry(data)) {
        applied = store.apply(asIndex<LogIndex>(at), { ...proposal, atMs });
      }
      index = at;
      return applied;
    },
    skip(at) {
      index = at;
      store.skip(asIndex<LogIndex>(at));
    },
    restore(state) {
      store.restore(state);
      index = store.view.index;
    },
    capture() {
      const capture = store.snapshot();
      return { index: capture.index, pieces: encodeState(capture) };
    },
  };
}
