/** When a call is tried again: what failures mean, and how long and where it goes on. */
import assert from "node:assert/strict";
import { type Reason, WarrenError } from "../lib/mod.ts";
import { type Failure, failureOf, LEADER_PATIENCE_MS, NO_TRIES, planRetry } from "./retry.ts";

function unreachable(details: string): WarrenError {
  return new WarrenError("CLUSTER_UNREACHABLE", "x", { cause: new Error(details) });
}

Deno.test("failureOf tells apart what was surely not done, what may have been, and what was answered", () => {
  const rows: readonly (readonly [Reason, Failure, Failure])[] = [
    ["NO_LEADER", "unled", "unled"],
    ["STOPPING", "unled", "unled"],
    ["UNKNOWN_OUTCOME", "lost", "final"],
    ["CLUSTER_UNREACHABLE", "lost", "final"],
    ["SERVICE_NOT_FOUND", "final", "final"],
    ["DEADLINE_PASSED", "final", "final"],
  ];
  for (const [reason, repeatable, once] of rows) {
    const error = new WarrenError(reason, "x");
    assert.deepEqual([failureOf(error, true), failureOf(error, false)], [repeatable, once], reason);
  }
  const refused = unreachable("No connection established. Last error: ECONNREFUSED");
  assert.equal(failureOf(refused, false), "refused");
  assert.equal(failureOf(unreachable("No connection established: ENOENT"), false), "absent");
  assert.equal(failureOf(unreachable("Failed to start HTTP/2 stream"), false), "refused");
  assert.equal(failureOf(new TypeError("bug"), true), "final");
});

/** The waits that `failures`, a tenth of a second each, lead to; null ends them. */
function waits(addresses: number, ...failures: readonly Failure[]): readonly (number | null)[] {
  let tries = NO_TRIES;
  return failures.map((failure, at) => {
    const retry = planRetry(tries, failure, { addresses, sinceMs: at * 100 });
    tries = retry.tries;
    return retry.waitMs;
  });
}

Deno.test("planRetry asks every address before it waits", () => {
  assert.deepEqual(waits(3, "refused", "absent", "refused", "refused"), [0, 0, 50, 0]);
  assert.deepEqual(waits(1, "refused", "refused", "refused", "refused"), [50, 150, 300, null]);
});

Deno.test("planRetry gives up at once when no address has anybody", () => {
  assert.deepEqual(waits(1, "absent"), [null]);
  assert.deepEqual(waits(2, "absent", "absent"), [0, null]);
});

Deno.test("planRetry goes on through an election, and not for ever", () => {
  assert.deepEqual(waits(1, "unled", "lost", "unled", "unled", "unled"), [50, 100, 200, 400, 400]);
  const late = { addresses: 1, sinceMs: LEADER_PATIENCE_MS };
  assert.equal(planRetry(NO_TRIES, "unled", late).waitMs, null);
});

Deno.test("planRetry is patient with connections refused when somebody was there before", () => {
  const failures = ["unled", "refused", "refused", "refused", "refused", "refused"] as const;
  assert.deepEqual(waits(1, ...failures), [50, 50, 150, 300, 300, 300]);
});
