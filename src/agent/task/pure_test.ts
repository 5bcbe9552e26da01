/** The small pure parts of the runner: words for exits, delays, adoption, orphans, the limiter. */
import assert from "node:assert/strict";
import { wallMs } from "../../lib/mod.ts";
import { asId, DEFAULT_RESTART, type TaskId } from "../../model/mod.ts";
import { type ContainerState, RUNTIME_LABELS } from "../runtime/runtime.ts";
import { adopt } from "./adopt.ts";
import { explainExit, lastLines } from "./explain.ts";
import { Limiter } from "./limiter.ts";
import { applyResult, type LocalTask, newLocalTask } from "./local_task.ts";
import { findOrphans } from "./orphans.ts";
import { restartDelayMs } from "./restart.ts";
import { testAssignment } from "./testing.ts";

function container(change: Partial<ContainerState> = {}): ContainerState {
  return {
    id: "c0",
    name: "web.1",
    labels: { [RUNTIME_LABELS.task]: "t1", [RUNTIME_LABELS.attempt]: "0" },
    status: "running",
    exitCode: null,
    oomKilled: false,
    error: "",
    startedMs: wallMs(1),
    finishedMs: null,
    address: "10.0.0.2",
    ports: [],
    pid: 1,
    ...change,
  };
}

Deno.test("explainExit puts exit codes in plain words", () => {
  const cases: readonly (readonly [Partial<ContainerState>, number, string, string])[] = [
    [{ exitCode: 0 }, 0, "", "ended with exit code 0"],
    [{ exitCode: 1 }, 0, "TASK_FAILED", "exited with code 1"],
    [{ exitCode: 127 }, 0, "COMMAND_FAILED", "exited with code 127 (command not found)"],
    [{ exitCode: 137 }, 0, "TASK_FAILED", "exited with code 137 (killed by SIGKILL)"],
    [{ exitCode: 143 }, 0, "TASK_FAILED", "exited with code 143 (ended by SIGTERM)"],
    [{ exitCode: 152 }, 0, "TASK_FAILED", "exited with code 152 (signal 24)"],
    [
      { exitCode: 137, oomKilled: true },
      2 ** 26,
      "OUT_OF_MEMORY",
      "killed: it needed more than its memory limit of 64MiB",
    ],
    [
      { exitCode: 137, oomKilled: true },
      0,
      "OUT_OF_MEMORY",
      "killed: it needed more than the memory of the node",
    ],
  ];
  for (const [change, limit, reason, message] of cases) {
    assert.deepEqual(explainExit(container({ status: "exited", ...change }), limit), {
      reason,
      message,
    });
  }
});

Deno.test("lastLines keeps few, short and printable lines", () => {
  const lines = Array.from({ length: 30 }, (_, at) => ({
    stream: "stdout" as const,
    timeMs: wallMs(at),
    line: new TextEncoder().encode(`\x1b[31mline ${at}\x1b[0m\x07 ${"x".repeat(400)}`),
  }));
  const kept = lastLines(lines);
  assert.equal(kept.length, 10);
  assert.ok(kept.every((line) => line.length === 300));
  assert.ok(kept[0]?.startsWith("line 20 x"));
});

Deno.test("restartDelayMs doubles to a hundred times the delay and at most five minutes", () => {
  const delays = (delayMs: number) =>
    [0, 1, 2, 7, 40].map((streak) =>
      restartDelayMs({ ...DEFAULT_RESTART, delayMs }, { ...newLocalTask(streak, false), streak })
    );
  assert.deepEqual(delays(1_000), [1_000, 2_000, 4_000, 100_000, 100_000]);
  assert.deepEqual(delays(10_000), [10_000, 20_000, 40_000, 300_000, 300_000]);
  assert.deepEqual(delays(600_000), [600_000, 600_000, 600_000, 600_000, 600_000]);
  assert.deepEqual(delays(0), [0, 200, 400, 10_000, 10_000]);
});

Deno.test("applyResult never takes a container back to an earlier state", () => {
  const exited = container({ status: "exited", exitCode: 0 });
  const local: LocalTask = { ...newLocalTask(0, false), container: exited };
  const after = applyResult(local, { kind: "seen", container: container(), atMs: 1 });
  assert.equal(after.container?.status, "exited");
  const other = applyResult(local, { kind: "seen", container: container({ id: "c9" }), atMs: 1 });
  assert.equal(other.container?.id, "c0");
});

Deno.test("adopt takes the engine's word and keeps what only memory knows", () => {
  const assignment = testAssignment("t1");
  const memory: LocalTask = {
    ...newLocalTask(1, true),
    health: "healthy",
    streak: 3,
    container: container(),
  };
  const labels = { [RUNTIME_LABELS.attempt]: "1" };
  const own = container({ id: "c1", labels });
  const base = { memory, isRebooted: false, nowMs: 5 };
  const same = adopt(assignment, { ...base, containers: [container(), own] });
  assert.deepEqual([same.container?.id, same.health, same.streak, same.attempt], [
    "c1",
    "healthy",
    3,
    1,
  ]);
  const newer = container({ id: "c2", labels: { [RUNTIME_LABELS.attempt]: "2" } });
  const ahead = adopt(assignment, { ...base, containers: [newer] });
  assert.deepEqual([ahead.container?.id, ahead.attempt, ahead.health], ["c2", 2, "none"]);
  const gone = adopt(assignment, { ...base, containers: [] });
  assert.deepEqual([gone.container, gone.attempt, gone.outcome], [null, 1, null]);
  const ended = { ...assignment, known: { restarts: 4, sequence: 9, isTerminal: true } };
  const over = adopt(ended, { ...base, memory: null, containers: [] });
  assert.equal(over.outcome?.state, "failed");
});

Deno.test("findOrphans spares the present attempt and tasks not yet adopted", () => {
  const of = (task: string, attempt: number, id: string) =>
    container({
      id,
      labels: { [RUNTIME_LABELS.task]: task, [RUNTIME_LABELS.attempt]: String(attempt) },
    });
  const containers = [
    of("t1", 0, "old"),
    of("t1", 1, "own"),
    of("t2", 0, "unknown"),
    of("t3", 0, "early"),
  ];
  const local: LocalTask = { ...newLocalTask(1, false), container: containers[1] ?? null };
  const tasks = new Map([
    [asId<TaskId>("t1"), { local, isAdopted: true }],
    [asId<TaskId>("t3"), { local, isAdopted: false }],
  ]);
  assert.deepEqual(findOrphans(containers, tasks).map(({ id }) => id), ["old", "unknown"]);
});

Deno.test("Limiter lets only so many in, in order, and forgets who gives up", async () => {
  const limiter = new Limiter(1);
  const signal = new AbortController().signal;
  const gate = Promise.withResolvers<void>();
  const order: string[] = [];
  const first = limiter.run(signal, () => gate.promise);
  const quitter = new AbortController();
  const second = limiter.run(quitter.signal, () => Promise.resolve(void order.push("second")));
  const third = limiter.run(signal, () => Promise.resolve(void order.push("third")));
  quitter.abort(new Error("no longer wanted"));
  await assert.rejects(second, /no longer wanted/);
  gate.resolve();
  await Promise.all([first, third]);
  assert.deepEqual(order, ["third"]);
});
