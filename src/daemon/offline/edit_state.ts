/**
 * Changes to a state that no group holds: the same actions as everywhere, applied after its last entry.
 *
 * Used by restore and recover. Invariant: nothing is edited around `apply`, so its rules hold here too.
 */
import { type WallMs, WarrenError } from "../../lib/mod.ts";
import { asIndex, type LogIndex, type Node, type NodeId } from "../../model/mod.ts";
import type { Action, StateView, Store } from "../../store/mod.ts";

/** Applies `actions` as one change. @throws WarrenError with the refusal */
export function edit(store: Store, actions: readonly Action[], atMs: WallMs): void {
  if (actions.length === 0) return;
  const index = asIndex<LogIndex>(store.view.index + 1);
  const applied = store.apply(index, { actions, atMs, requestId: "" });
  if (!applied.ok) throw WarrenError.fromInfo(applied.error);
}

/** The nodes that are managers, but for `except`. */
export function managersOf(view: StateView, except: NodeId | null): readonly Node[] {
  return [...view.nodes()].filter(({ memberId, id }) => memberId !== "" && id !== except);
}

/** Makes mere workers that are down of `managers`: `node rm` can then remove them. */
export function retire(managers: readonly Node[], message: string): readonly Action[] {
  return managers.flatMap(({ id }): readonly Action[] => [
    { kind: "node.status", id, status: "down", message },
    { kind: "node.member", id, memberId: "", raftAddress: "", role: "worker" },
  ]);
}

/** The term that a new group begins in: later than every one that the state knows. */
export function nextTerm(view: StateView, ...terms: readonly number[]): number {
  return Math.max(view.cluster()?.leader?.term ?? 0, ...terms) + 1;
}
