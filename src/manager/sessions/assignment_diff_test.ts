import assert from "node:assert/strict";
import { seededIds, wallMs } from "../../lib/mod.ts";
import {
  asId,
  asIndex,
  DEFAULT_TASK,
  type NodeId,
  type ServiceId,
  type Task,
  type TaskId,
  type TaskState,
} from "../../model/mod.ts";
import type { ChangeSet, StateView } from "../../store/mod.ts";
import { AssignmentDiff, isAssigned } from "./assignment_diff.ts";

const ids = seededIds(7);
const here = asId<NodeId>(ids.next());
const elsewhere = asId<NodeId>(ids.next());

function task(fields: Partial<Task> = {}, state: TaskState = "assigned"): Task {
  return {
    id: asId<TaskId>(ids.next()),
    serviceId: asId<ServiceId>(ids.next()),
    serviceName: "web",
    slot: 1,
    nodeId: here,
    revision: 1,
    restartCount: 0,
    spec: DEFAULT_TASK,
    desired: "running",
    status: {
      state,
      message: "",
      reason: "",
      exitCode: null,
      restarts: 0,
      health: "none",
      containerId: "",
      ports: [],
      lastLines: [],
      startedMs: null,
      atMs: wallMs(0),
      sequence: 1,
    },
    unplaced: null,
    createdMs: wallMs(0),
    updatedMs: wallMs(0),
    version: asIndex(1),
    ...fields,
  };
}

/** The two lookups that the diff makes, over a plain list. */
function viewOf(tasks: readonly Task[]): StateView {
  const view: Pick<StateView, "task" | "tasksOfNode"> = {
    task: (id) => tasks.find((one) => one.id === id),
    tasksOfNode: (id) => tasks.filter((one) => one.nodeId === id),
  };
  return view as StateView;
}

function change(before: Task | null, after: Task | null): ChangeSet {
  return { index: asIndex(2), atMs: wallMs(0), changes: [{ table: "tasks", before, after }] };
}

Deno.test("AssignmentDiff begins with every task of the node that has not ended by request", () => {
  const live = task();
  const failed = task({}, "failed");
  const ended = task({ desired: "shutdown" }, "stopped");
  const other = task({ nodeId: elsewhere });
  const diff = new AssignmentDiff(here);
  const view = viewOf([live, failed, ended, other]);
  diff.markAll(view);
  const { update, remove } = diff.take(view, 100);
  assert.deepEqual(update.map(({ id }) => id), [live.id, failed.id]);
  assert.deepEqual(remove, []);
});

Deno.test("AssignmentDiff does not send an agent's own report back to it", () => {
  const before = task();
  const diff = new AssignmentDiff(here);
  diff.markAll(viewOf([before]));
  diff.take(viewOf([before]), 100);
  const after = { ...before, status: { ...before.status, state: "running" as const } };
  assert.equal(diff.note(change(before, after)), false);
});

Deno.test("AssignmentDiff sends a task again when it is to end, and removes it once it has", () => {
  const before = task();
  const diff = new AssignmentDiff(here);
  diff.markAll(viewOf([before]));
  diff.take(viewOf([before]), 100);
  const ending: Task = { ...before, desired: "shutdown" };
  assert.equal(diff.note(change(before, ending)), true);
  assert.deepEqual(diff.take(viewOf([ending]), 100).update, [ending]);
  const ended = { ...ending, status: { ...ending.status, state: "stopped" as const } };
  diff.note(change(ending, ended));
  assert.deepEqual(diff.take(viewOf([ended]), 100), { update: [], remove: [before.id] });
});

Deno.test("AssignmentDiff removes a task that is gone from the store", () => {
  const before = task();
  const diff = new AssignmentDiff(here);
  diff.markAll(viewOf([before]));
  diff.take(viewOf([before]), 100);
  diff.note(change(before, null));
  assert.deepEqual(diff.take(viewOf([]), 100), { update: [], remove: [before.id] });
});

Deno.test("AssignmentDiff does not remove what the agent never knew", () => {
  const before = task();
  const diff = new AssignmentDiff(here);
  diff.note(change(null, before));
  diff.note(change(before, null));
  assert.deepEqual(diff.take(viewOf([]), 100), { update: [], remove: [] });
});

Deno.test("AssignmentDiff keeps what is over the limit for the next message", () => {
  const tasks = [task(), task(), task()];
  const diff = new AssignmentDiff(here);
  const view = viewOf(tasks);
  diff.markAll(view);
  assert.equal(diff.take(view, 2).update.length, 2);
  assert.equal(diff.isPending, true);
  assert.equal(diff.take(view, 2).update.length, 1);
  assert.equal(diff.isPending, false);
});

Deno.test("isAssigned keeps a failed task, whose output people still want to read", () => {
  assert.equal(isAssigned(task({}, "failed")), true);
  assert.equal(isAssigned(task({ desired: "shutdown" }, "failed")), false);
});
