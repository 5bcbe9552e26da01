/**
 * What one pass decides about one service: the actions so far, already laid over the view.
 *
 * Made by `plan.ts` for each service and handed through the reconcilers, which only add to it.
 */
import type { IdSource, WallMs } from "../lib/mod.ts";
import {
  asId,
  type NodeId,
  type Service,
  type ServiceId,
  type Task,
  type Unplaced,
} from "../model/mod.ts";
import type { Action, OverlayView, PassAction } from "../store/mod.ts";

/** Most actions of one proposal; a longer list is cut into several, in order. */
export const MAX_GROUP_ACTIONS = 500;

/** What the decisions of a pass are made with. */
export interface PassParts {
  readonly view: OverlayView;
  readonly nowMs: WallMs;
  readonly ids: IdSource;
}

/** The decisions about one service. */
export class ServicePass {
  readonly id: ServiceId;
  readonly view: OverlayView;
  readonly nowMs: WallMs;
  readonly #ids: IdSource;
  readonly #actions: PassAction[] = [];
  #last: readonly Action[] = [];
  #wakeAtMs: WallMs | null = null;

  constructor(id: ServiceId, { view, nowMs, ids }: PassParts) {
    this.id = id;
    this.view = view;
    this.nowMs = nowMs;
    this.#ids = ids;
  }

  /** When the service is to be looked at again. */
  get wakeAtMs(): WallMs | null {
    return this.#wakeAtMs;
  }

  /** Decides `action`, and lets the rest of the pass see it. */
  emit(action: PassAction): void {
    this.view.lay(action);
    this.#actions.push(action);
  }

  /** Decides what the rest of this pass cannot see; nothing may depend on it. Call at most once. */
  emitLast(actions: readonly Action[]): void {
    this.#last = actions;
  }

  /** Tells `tasks` to end. */
  shutDown(tasks: Iterable<Task>): void {
    for (const { id } of tasks) this.emit({ kind: "task.desire", id, desired: "shutdown" });
  }

  /** Adds a task to `slot`, on a node or with the reason why on none. */
  create(service: Service, slot: number, where: Where): void {
    this.emit({
      kind: "task.create",
      task: {
        id: this.#taskId(),
        serviceId: service.id,
        revision: service.revision,
        restartCount: service.restartCount,
        slot,
        ...where,
      },
    });
  }

  /** Asks to look again at `atMs` at the latest; null asks for nothing. */
  wakeAt(atMs: WallMs | null): void {
    if (atMs !== null && (this.#wakeAtMs === null || atMs < this.#wakeAtMs)) this.#wakeAtMs = atMs;
  }

  /** The decisions, each group to be proposed as one. */
  groups(): readonly (readonly Action[])[] {
    const groups: (readonly Action[])[] = [];
    for (let at = 0; at < this.#actions.length; at += MAX_GROUP_ACTIONS) {
      groups.push(this.#actions.slice(at, at + MAX_GROUP_ACTIONS));
    }
    if (this.#last.length > 0) groups.push(this.#last);
    return groups;
  }

  #taskId(): Task["id"] {
    return asId(this.#ids.next());
  }
}

/** A node, or why there is none. */
export interface Where {
  readonly nodeId: NodeId | null;
  readonly unplaced: Unplaced | null;
}
