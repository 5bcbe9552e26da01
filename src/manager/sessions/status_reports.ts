/**
 * What an agent's batch of statuses changes: the pure part of taking reports.
 *
 * Called by the gateway, which proposes and logs. A status of a task that is gone, or that is older
 * than what is known, is nothing new; one that the node may not give is refused.
 */
import { asId, type NodeId, type TaskId } from "../../model/mod.ts";
import { statusFromProto } from "../../rpc/convert/mod.ts";
import type { StatusBatch } from "../../rpc/gen/warren/v1/agent.ts";
import type { Action, StateView } from "../../store/mod.ts";

/** Statuses of one batch that are looked at; honest agents send fewer. */
const MAX_STATUSES = 1_000;
/** Statuses in one proposal, whose bytes are bounded: the longest ones come close to that. */
const PROPOSED_STATUSES = 100;

/** What becomes of a batch. */
export interface StatusReports {
  /** Each is one proposal; together they are in the order of the batch. */
  readonly proposals: readonly (readonly Action[])[];
  /** Tasks of other nodes, or with a state that nobody knows. */
  readonly refused: readonly TaskId[];
}

/** Judges `batch` as said by `nodeId`. */
export function planReports(view: StateView, nodeId: NodeId, batch: StatusBatch): StatusReports {
  const actions: Action[] = [];
  const refused: TaskId[] = [];
  for (const message of batch.statuses.slice(0, MAX_STATUSES)) {
    const task = view.task(asId<TaskId>(message.taskId));
    if (!task) continue;
    const status = statusFromProto(message);
    if (task.nodeId !== nodeId || !status) refused.push(task.id);
    else if (status.sequence > task.status.sequence) {
      actions.push({ kind: "task.report", id: task.id, status });
    }
  }
  const count = Math.ceil(actions.length / PROPOSED_STATUSES);
  const proposals = Array.from({ length: count }, (_, at) => {
    return actions.slice(at * PROPOSED_STATUSES, (at + 1) * PROPOSED_STATUSES);
  });
  return { proposals, refused };
}
