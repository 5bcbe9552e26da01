/** Tests of the report reader on reports as the test runner writes them. */
import assert from "node:assert/strict";
import { addCounts, NO_TESTS, parseJunit } from "./junit.ts";

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="4" failures="1" errors="0" time="0.008">
    <testsuite name="./a_test.ts" tests="4" disabled="1" errors="0" failures="1">
        <testcase name="works" classname="./a_test.ts" time="0.000" line="1" col="6">
        </testcase>
        <testcase name="breaks" classname="./a_test.ts" time="0.001" line="1" col="30">
            <failure message="no">no</failure>
        </testcase>
        <testcase name="a &gt; b" classname="./a_test.ts" time="0.000" line="1" col="77">
            <skipped/>
        </testcase>
        <testcase name="works too" classname="./a_test.ts" time="0.000" line="1" col="122">
        </testcase>
    </testsuite>
</testsuites>`;

Deno.test("parseJunit counts passed, failed and skipped apart", () => {
  assert.deepEqual(parseJunit(REPORT), { passed: 2, failed: 1, skipped: ["a > b"] });
});

Deno.test("parseJunit refuses what is no report", () => {
  assert.throws(() => parseJunit(""), /no <testsuites>/);
  assert.throws(() => parseJunit('<testsuites tests="1">'), /count of failures/);
});

Deno.test("addCounts adds up and starts from nothing", () => {
  const counts = parseJunit(REPORT);
  assert.deepEqual(addCounts(NO_TESTS, counts), counts);
  assert.equal(addCounts(counts, counts).passed, 4);
});
