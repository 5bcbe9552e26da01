/**
 * Whether a task still is what its service asks for now.
 *
 * Used by rollouts (what is outdated), reconciliation and placement. A task of an earlier revision
 * counts as current when its spec is equal: a rollback then keeps what still runs the old way. One
 * that has ended does not: a new revision is always tried.
 */
import type { Service, TaskSpec } from "./service.ts";
import type { Task } from "./task.ts";
import { isTerminal } from "./task_state.ts";

/** A test of whether a task needs no replacement; specs are compared once per spec object. */
export function currencyOf(service: Service): (task: Task) => boolean {
  const compared = new Map<TaskSpec, boolean>();
  const isSameSpec = (spec: TaskSpec) => {
    const known = compared.get(spec);
    if (known !== undefined) return known;
    const same = isDeepEqual(spec, service.spec.task);
    compared.set(spec, same);
    return same;
  };
  return (task) =>
    task.restartCount === service.restartCount &&
    (task.revision === service.revision ||
      (!isTerminal(task.status.state) && isSameSpec(task.spec)));
}

function isDeepEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const entries = Object.entries(a);
  const others = new Map(Object.entries(b));
  return entries.length === others.size &&
    entries.every(([key, value]) => others.has(key) && isDeepEqual(value, others.get(key)));
}
