import assert from "node:assert/strict";
import { WarrenError } from "../../lib/mod.ts";
import type { WatchServiceResponse } from "../../client/wire/mod.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { anUpdate, aService, aTask } from "../testing/samples.ts";
import { boardFor } from "./board.ts";
import type { WaitGoal } from "./judge.ts";
import { waitForService } from "./wait.ts";

/** What a watch does, in order; after the last part it stays open. */
type Part = WatchServiceResponse | Error | "end";

const RUNNING: WaitGoal = { kind: "running", rolloutsSinceMs: Infinity };
const REMOVED: WaitGoal = { kind: "removed", rolloutsSinceMs: Infinity };
const DONE = anUpdate({ settled: true, service: aService({ desired: 1, running: 1 }) });

function start(parts: readonly Part[], goal: WaitGoal, isTerminal = false) {
  const io = fakeIo(isTerminal ? { terminals: ["stderr"] } : {});
  const left = [...parts];
  const abort = new AbortController();
  let opened = 0;
  async function* watch(signal: AbortSignal): AsyncGenerator<WatchServiceResponse> {
    opened++;
    for (let part = left.shift(); part !== undefined; part = left.shift()) {
      if (part === "end") return;
      if (part instanceof Error) throw part;
      yield part;
    }
    await new Promise<void>((resolve) =>
      signal.addEventListener("abort", () => resolve(), { once: true })
    );
  }
  const result = waitForService({
    service: "web",
    goal,
    timeoutMs: 60_000,
    clock: io.clock,
    board: boardFor(io, false),
    signal: abort.signal,
    watch,
  }).then(() => "done", (error: unknown) => error);
  return { io, abort, result, opened: () => opened };
}

async function failure(result: Promise<unknown>): Promise<WarrenError> {
  const error = await result;
  assert.ok(error instanceof WarrenError, String(error));
  return error;
}

Deno.test("waitForService ends when the service has settled, and says so in one line", async () => {
  const { io, result } = start([anUpdate({ tasks: [aTask()] }), DONE], RUNNING);
  await io.clock.advance(0);
  assert.equal(await result, "done");
  assert.equal(io.err(), "web.1: starting on node-1\nweb: 1/1 running (0.0 s)\n");
});

Deno.test("waitForService gives up on a failed task, with its output and the next step", async () => {
  const task = aTask({
    state: "failed",
    message: "the command ended with exit code 3",
    lastLines: ["config is missing"],
  });
  const { io, result } = start([anUpdate({ tasks: [task] })], RUNNING);
  await io.clock.advance(2_500);
  const error = await failure(result);
  assert.equal(error.reason, "NOT_SETTLED");
  const said = (error.faults ?? []).map(({ message }) => message).join("\n");
  assert.match(
    said,
    /web\.1 on node-1: the command ended with exit code 3\n {2}\| config is missing/,
  );
  assert.match(error.hint ?? "", /the service stays.*warren why web/);
});

Deno.test("waitForService gives up at the deadline, with what was waited for", async () => {
  const update = anUpdate({ tasks: [aTask()], waitingFor: "web.1 to become healthy" });
  const { io, result } = start([update], RUNNING);
  await io.clock.advance(60_000);
  const error = await failure(result);
  assert.equal(
    error.message,
    'Service "web" did not settle within 1m: web.1 to become healthy',
  );
});

Deno.test("waitForService ends at Ctrl-C and says that the change goes on", async () => {
  const { io, abort, result } = start([anUpdate({ tasks: [aTask()] })], RUNNING);
  await io.clock.advance(10);
  abort.abort();
  await io.clock.advance(10);
  const error = await failure(result);
  assert.equal(error.reason, "ABORTED_BY_USER");
  assert.match(error.message, /goes on/);
});

Deno.test("waitForService opens a broken watch again, and goes on", async () => {
  const broken = new WarrenError("CLUSTER_UNREACHABLE", "gone");
  const { io, result, opened } = start([anUpdate(), broken, "end", DONE], RUNNING);
  await io.clock.advance(5_000);
  assert.equal(await result, "done");
  assert.equal(opened(), 3);
});

Deno.test("waitForService does not open a watch again for ever", async () => {
  const broken = Array.from({ length: 50 }, () => new WarrenError("NO_LEADER", "none"));
  const { io, result, opened } = start(broken, RUNNING);
  await io.clock.advance(50_000);
  assert.equal((await failure(result)).reason, "NO_LEADER");
  assert.equal(opened(), 11);
});

Deno.test("waitForService does not try again what a retry cannot help", async () => {
  const { io, result } = start([new WarrenError("SERVICE_NOT_FOUND", "none")], RUNNING);
  await io.clock.advance(0);
  assert.equal((await failure(result)).reason, "SERVICE_NOT_FOUND");
});

Deno.test("waitForService takes a removed service for gone when there is nothing to watch", async () => {
  const missing = new WarrenError("SERVICE_NOT_FOUND", "none");
  const gone = anUpdate({ service: undefined, tasks: [] });
  for (const parts of [[missing], [gone], [gone, "end" as const]]) {
    const { io, result } = start(parts, REMOVED);
    await io.clock.advance(10);
    assert.equal(await result, "done");
  }
});

Deno.test("the board of a terminal rewrites its lines and leaves one", async () => {
  const moving = anUpdate({ tasks: [aTask(), aTask({ id: "b", slot: 2, message: "pulling" })] });
  const { io, result } = start([moving, moving, DONE], RUNNING, true);
  await io.clock.advance(1_000);
  assert.equal(await result, "done");
  const screen = renderScreen(io.err());
  assert.deepEqual(screen, ["web: 1/1 running (0.0 s)"]);
});

/** What a terminal shows after `text`; knows the three sequences that the board uses. */
function renderScreen(text: string): readonly string[] {
  const lines = [""];
  let row = 0;
  // deno-lint-ignore no-control-regex
  for (const [part] of text.matchAll(/\x1b\[\d*[AJKm]|\n|\r|[^\x1b\n\r]+/g)) {
    // deno-lint-ignore no-control-regex
    const up = /^\x1b\[(\d+)A$/.exec(part);
    if (up !== null) row -= Number(up[1]);
    else if (part === "\x1b[J") lines.splice(row + 1), lines[row] = "";
    else if (part === "\n") lines[++row] ??= "";
    else if (part === "\r") lines[row] = "";
    else if (!part.startsWith("\x1b")) lines[row] += part;
  }
  return lines.filter((line) => line !== "");
}
