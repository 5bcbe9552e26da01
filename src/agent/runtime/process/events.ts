/**
 * Turns looks at containers into events, by comparing each look with the one before.
 *
 * Used by the runtime. Invariant: a change of state gives its events in order, however many changes
 * came to pass between two looks; a container that was there from the start gives none.
 */
import type { ContainerState, RuntimeEvent } from "../runtime.ts";

/** What matters of a state for events. */
type Seen = Pick<ContainerState, "status" | "startedMs" | "finishedMs">;

/** Remembers the last look at each container that it was told about; forgets removed ones. */
export class EventDiff {
  readonly #seen = new Map<string, Seen>();

  /** The first look, which gives no events. */
  begin(states: readonly ContainerState[]): void {
    for (const state of states) this.#seen.set(state.id, state);
  }

  /** Ids of the containers that are known. */
  get ids(): string[] {
    return [...this.#seen.keys()];
  }

  /** The next look at one container; undefined means that it is not there. */
  next(id: string, state: ContainerState | undefined): RuntimeEvent[] {
    const before = this.#seen.get(id);
    if (state === undefined) {
      this.#seen.delete(id);
      return before === undefined ? [] : [{ containerId: id, kind: "removed" }];
    }
    this.#seen.set(id, state);
    const kinds: RuntimeEvent["kind"][] = [];
    const isSameRun = before?.startedMs === state.startedMs;
    if (before?.status === "running" && !isSameRun) kinds.push("exited");
    if (state.startedMs !== null && !isSameRun) kinds.push("started");
    if (state.status === "exited" && before?.finishedMs !== state.finishedMs) {
      if (state.oomKilled) kinds.push("oom");
      kinds.push("exited");
    }
    return kinds.map((kind) => ({ containerId: id, kind }));
  }
}
