/**
 * The replicated state machine: proposals in log order go in, changes and answers come out.
 *
 * Owned by whoever owns the log, which calls `apply` for each committed proposal, once and in order.
 * It does no IO and reads no clock. A refused proposal leaves no trace but its index.
 */
import { assert, type WallMs, wallMs } from "../lib/mod.ts";
import { asIndex, type LogIndex, type TaskState } from "../model/mod.ts";
import type { Proposal } from "./action.ts";
import { applyAction } from "./apply/apply.ts";
import type { Outcome } from "./apply/refusal.ts";
import { ChangeFeed } from "./feed.ts";
import type { Applied } from "./proposer.ts";
import { tableChanges } from "./restore.ts";
import { captureState, decodeState, digestOf, type StateCapture } from "./snapshot.ts";
import { storeView } from "./store_view.ts";
import { Tables } from "./tables.ts";
import { Transaction } from "./transaction.ts";
import type { StateView, TableSizes } from "./view.ts";

/** Tables, their view and their change feed. */
export class Store {
  #tables = new Tables();
  #isApplying = false;
  /** The live read side. */
  readonly view: StateView = storeView(() => this.#tables);
  /** Where every applied change is announced. */
  readonly feed: ChangeFeed = new ChangeFeed();

  /** Rows per table; O(1). */
  get sizes(): TableSizes {
    return this.#tables.sizes;
  }

  /** Tasks per state; O(1). A state without a task may be missing or 0. */
  get taskStates(): ReadonlyMap<TaskState, number> {
    return this.#tables.taskStates;
  }

  /**
   * Applies the proposal of the entry at `index`, whole or not at all, and announces what changed.
   * A request that was applied before answers as it did then and changes nothing.
   */
  apply(index: LogIndex, proposal: Proposal): Applied {
    assert(!this.#isApplying, "a feed subscriber does not apply");
    assert(index >= this.#tables.index, `entry ${index} comes after ${this.#tables.index}`);
    this.#isApplying = true;
    try {
      return this.#apply(index, proposal);
    } finally {
      this.#isApplying = false;
    }
  }

  #apply(index: LogIndex, proposal: Proposal): Applied {
    const tables = this.#tables;
    tables.index = index;
    const done = tables.requests.find(proposal.requestId);
    if (done !== undefined) return { ok: true, index: done };
    const atMs = later(tables.lastMs, proposal.atMs);
    const tx = new Transaction(tables, { atMs, version: asIndex(index) });
    const refusal = applyAll(tx, proposal);
    if (refusal) {
      tx.rollback();
      return { ok: false, error: refusal };
    }
    const changes = tx.commit();
    tables.lastMs = atMs;
    tables.requests.remember(proposal.requestId, index);
    if (changes.length > 0) this.feed.announce({ index, atMs, changes });
    return { ok: true, index };
  }

  /** An entry at `index` that carries nothing for the state. */
  skip(index: LogIndex): void {
    assert(index >= this.#tables.index, `entry ${index} comes after ${this.#tables.index}`);
    this.#tables.index = index;
  }

  /** The state as it is now, to be encoded at leisure: later changes do not show in it. */
  snapshot(): StateCapture {
    return captureState(this.#tables);
  }

  /**
   * Replaces the state by an encoded one and announces the difference as one change set.
   *
   * @throws WarrenError DATA_CORRUPT; the state is then as before.
   */
  restore(bytes: Uint8Array): void {
    const before = this.#tables;
    const after = decodeState(bytes);
    this.#tables = after;
    const changes = tableChanges(before, after);
    this.feed.announce({ index: after.index, atMs: after.lastMs, changes, isRestore: true });
  }

  /** A short hexadecimal digest of the whole state: equal on replicas that applied the same. */
  digest(): string {
    return digestOf(this.snapshot());
  }
}

function applyAll(tx: Transaction, proposal: Proposal): Outcome {
  for (const action of proposal.actions) {
    const refusal = applyAction(tx, action);
    if (refusal) return refusal;
  }
  return null;
}

function later(a: WallMs, b: WallMs): WallMs {
  return wallMs(Math.max(a, b));
}
