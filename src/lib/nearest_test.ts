/** Which known word an unknown one is taken for. */
import assert from "node:assert/strict";
import { findNearest } from "./nearest.ts";

const KNOWN = ["image", "replicas", "healthCheck", "stopTimeout", "env", "ports"];

const rows: readonly (readonly [string, string | undefined])[] = [
  ["replcas", "replicas"],
  ["replica", "replicas"],
  ["imgae", "image"],
  ["healthcheck", "healthCheck"],
  ["health_check", "healthCheck"],
  ["stop-timeout", "stopTimeout"],
  ["prots", "ports"],
  ["envs", "env"],
  ["template", undefined],
  ["x", undefined],
  ["", undefined],
  ["y".repeat(10_000), undefined],
];

for (const [word, expected] of rows) {
  Deno.test(`findNearest of ${word.slice(0, 20)} is ${expected}`, () => {
    assert.equal(findNearest(word, KNOWN), expected);
  });
}
