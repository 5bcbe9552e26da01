/**
 * Which containers of this node belong to no task any more. Pure.
 *
 * Asked only after a full set of assignments arrived: before that a container without an assignment
 * may simply not have been told of yet, and must run on.
 */
import { asId, type TaskId } from "../../model/mod.ts";
import { type ContainerState, RUNTIME_LABELS } from "../runtime/runtime.ts";
import { isLeftover } from "./adopt.ts";
import type { LocalTask } from "./local_task.ts";

/** Containers of unknown tasks, and of earlier attempts of known ones. */
export function findOrphans(
  containers: readonly ContainerState[],
  tasks: ReadonlyMap<TaskId, { readonly local: LocalTask; readonly isAdopted: boolean }>,
): ContainerState[] {
  return containers.filter((container) => {
    const task = tasks.get(asId<TaskId>(container.labels[RUNTIME_LABELS.task] ?? ""));
    return task === undefined || (task.isAdopted && isLeftover(container, task.local));
  });
}
