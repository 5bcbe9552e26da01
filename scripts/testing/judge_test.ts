/** Tests of what a test stage's exit code and report mean together. */
import assert from "node:assert/strict";
import { judgeTests } from "../test_all.ts";
import { STAGES } from "./stages.ts";

const UNIT = STAGES.find((stage) => stage.name === "unit tests") ?? fail();

function fail(): never {
  throw new Error("the stage is gone");
}

function report(tests: number, failures: number): string {
  return `<testsuites name="deno test" tests="${tests}" failures="${failures}" errors="0">`;
}

Deno.test("judgeTests passes a clean run", () => {
  const outcome = judgeTests(UNIT, undefined, report(3, 0));
  assert.equal(outcome.isOk, true);
  assert.equal(outcome.counts.passed, 3);
});

Deno.test("judgeTests counts a run that ended badly without a failed test as one failure", () => {
  assert.equal(judgeTests(UNIT, "exit code 1", report(3, 0)).counts.failed, 1);
  assert.equal(judgeTests(UNIT, "exit code 1", "").counts.failed, 1);
});

Deno.test("judgeTests fails a run without any test", () => {
  assert.equal(judgeTests(UNIT, undefined, report(0, 0)).isOk, false);
});

Deno.test("judgeTests does not count a failure twice", () => {
  assert.equal(judgeTests(UNIT, "exit code 1", report(3, 2)).counts.failed, 2);
});
