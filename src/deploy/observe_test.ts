/** How far a new task is taken to have come, by state and time. */
import assert from "node:assert/strict";
import { wallMs } from "../lib/mod.ts";
import type { TaskStatus } from "../model/mod.ts";
import { World } from "../../tests/harness/world.ts";
import { observe } from "./observe.ts";
import { slotsOf } from "./slot.ts";

/** A service whose new task was made at 1,000,000 and whose monitor window is 5 s. */
function observed(report: Partial<TaskStatus>, { reportedAfterMs = 0, lookAfterMs = 0 } = {}) {
  const world = new World();
  world.addNode("a");
  world.putService("web", (spec) => ({ ...spec, task: { ...spec.task, image: "app:1" } }));
  world.converge();
  world.runAgents();
  world.putService("web", (spec) => ({ ...spec, task: { ...spec.task, image: "app:2" } }));
  world.converge();
  const startMs = world.nowMs;
  world.advance(reportedAfterMs);
  const task = world.tasks("web").at(-1);
  assert.ok(task);
  world.report(task, report);
  const service = world.service("web");
  const slots = [...slotsOf(world.view, service).values()];
  const [first] = observe({ service, slots, nowMs: wallMs(startMs + lookAfterMs) });
  assert.ok(first);
  const settlesInMs = first.settlesMs === null ? null : first.settlesMs - startMs;
  return { phase: first.phase, hasFailed: first.hasFailed, settlesInMs };
}

Deno.test("observe waits for a task that does not run yet", () => {
  const expected = { phase: "trying", hasFailed: false, settlesInMs: null };
  assert.deepEqual(observed({ state: "starting" }), expected);
});

Deno.test("observe counts the monitor window from the change to running", () => {
  const report = { state: "running" } as const;
  const expected = { hasFailed: false, settlesInMs: 7_000 };
  assert.deepEqual(observed(report, { reportedAfterMs: 2_000, lookAfterMs: 6_999 }), {
    ...expected,
    phase: "trying",
  });
  assert.deepEqual(observed(report, { reportedAfterMs: 2_000, lookAfterMs: 7_000 }), {
    ...expected,
    phase: "settled",
  });
});

Deno.test("observe is not misled by a node whose clock is ahead or behind", () => {
  const ahead = observed({ state: "running", atMs: wallMs(9e12) }, { reportedAfterMs: 1_000 });
  assert.equal(ahead.settlesInMs, 6_000);
  const behind = observed({ state: "running", atMs: wallMs(5) }, { reportedAfterMs: 1_000 });
  assert.equal(behind.settlesInMs, 5_000);
});

Deno.test("observe takes a restart for a failure, until the task has settled after all", () => {
  const report = { state: "running", restarts: 1 } as const;
  assert.deepEqual(observed(report, { lookAfterMs: 1_000 }), {
    phase: "failed",
    hasFailed: true,
    settlesInMs: 5_000,
  });
  assert.equal(observed(report, { lookAfterMs: 5_000 }).phase, "settled");
});

Deno.test("observe takes a new task that exits at all for failed while the old one serves", () => {
  assert.equal(observed({ state: "completed", exitCode: 0 }).phase, "failed");
  assert.equal(observed({ state: "failed", exitCode: 1 }).phase, "failed");
});
