/** What a restart of the agent makes of times that it remembers and of half-made containers. */
import assert from "node:assert/strict";
import { type ContainerState, RUNTIME_LABELS } from "../runtime/runtime.ts";
import { nextStep } from "../transition.ts";
import { adopt } from "./adopt.ts";
import { type LocalTask, newLocalTask } from "./local_task.ts";
import { testAssignment } from "./testing.ts";

const NOW_MS = 1_700_000_000_000;
const HOUR_MS = 3_600_000;

function remembered(parts: Partial<LocalTask>): LocalTask {
  return { ...newLocalTask(3, false), ...parts };
}

function found(memory: LocalTask | null, containers: readonly ContainerState[] = []) {
  return { containers, memory, isRebooted: false, nowMs: NOW_MS };
}

function failureAt(atMs: number) {
  return { reason: "TASK_FAILED", message: "it failed", exitCode: 1, lastLines: [], atMs };
}

Deno.test("adopt waits no longer than the delay for a restart, though the clock was set back", () => {
  const aheadMs = NOW_MS + HOUR_MS;
  const memory = remembered({ retry: { atMs: aheadMs + 4_000, after: failureAt(aheadMs) } });
  const local = adopt(testAssignment("t1"), found(memory));
  assert.equal(local.retry?.atMs, NOW_MS + 4_000);
  assert.equal(local.retry?.after.atMs, NOW_MS);
});

Deno.test("adopt takes a failure and restarts of the future as of now", () => {
  const aheadMs = NOW_MS + HOUR_MS;
  const memory = remembered({
    failure: failureAt(aheadMs),
    restartTimesMs: [NOW_MS - HOUR_MS, aheadMs],
  });
  const assignment = testAssignment("t1", {
    restart: { condition: "any", delayMs: 1_000, maxAttempts: 0, windowMs: 0 },
  });
  const local = adopt(assignment, found(memory));
  assert.deepEqual(local.restartTimesMs, [NOW_MS - HOUR_MS, NOW_MS]);
  assert.deepEqual(nextStep(assignment, local, NOW_MS), {
    kind: "schedule_retry",
    atMs: NOW_MS + 1_000,
  });
});

Deno.test("adopt leaves a time that is still to come within its delay as it is", () => {
  const memory = remembered({
    retry: { atMs: NOW_MS + 3_000, after: failureAt(NOW_MS - 1_000) },
  });
  assert.equal(adopt(testAssignment("t1"), found(memory)).retry?.atMs, NOW_MS + 3_000);
});

Deno.test("adopt goes on with a container that was made just before the agent died", () => {
  const container: ContainerState = {
    id: "c1",
    name: "warren-web.1-t1-4",
    labels: { [RUNTIME_LABELS.task]: "t1", [RUNTIME_LABELS.attempt]: "4" },
    status: "created",
    exitCode: null,
    oomKilled: false,
    error: "",
    startedMs: null,
    finishedMs: null,
    address: "",
    ports: [],
    pid: 0,
  };
  const assignment = testAssignment("t1");
  const local = adopt(assignment, found(remembered({}), [container]));
  assert.deepEqual([local.attempt, local.container?.id], [4, "c1"]);
  assert.equal(nextStep(assignment, local, NOW_MS).kind, "prepare");
  const prepared = { ...local, isPrepared: true };
  assert.equal(nextStep(assignment, prepared, NOW_MS).kind, "start");
});
