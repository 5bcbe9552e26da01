/**
 * What is wrong with how a command refused bad input. Used by the end-to-end tests of hostile
 * manifests and flags, so that both ask for the same manners.
 *
 * Pure. Invariant: an empty list means the exit code is the contract's and the message is fit for a
 * person at a terminal.
 */
import type { Finished } from "../warren.ts";

/** What a refused command must look like. */
export interface Refusal {
  readonly code: number;
  /** Everything the command was given, to tell its words from the program's. */
  readonly given: string;
  /** What the message must say. */
  readonly says?: RegExp;
  /** Whether `-o json` was asked for. */
  readonly isJson?: boolean;
}

/** A finished command and how long it took. */
export interface Timed extends Finished {
  readonly elapsedMs: number;
}

/** Longest message: fifty faults with room for a sentence each. */
const MAX_MESSAGE_CHARS = 20_000;
const MAX_LINE_CHARS = 1_200;
const MAX_ELAPSED_MS = 5_000;

/** Traces of a program that lost its way. */
const LEAKS = [
  "    at ",
  "file://",
  "Uncaught",
  "TypeError",
  "RangeError",
  "SyntaxError",
  "ReferenceError",
  "AssertionError",
  "[object ",
  "undefined",
  "NaN",
  "Infinity",
  "internal fault",
  "Unexpected fault",
  "panicked",
];

// deno-lint-ignore no-control-regex -- finding control characters is the purpose
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** Everything that is wrong with `done`; empty when it is as it must be. */
export function complaintsAbout(done: Timed, refusal: Refusal): readonly string[] {
  const { code, stdout, stderr, elapsedMs } = done;
  const { given, says } = refusal;
  const found: string[] = [];
  const expect = (holds: boolean, complaint: string) => {
    if (!holds) found.push(complaint);
  };
  expect(code === refusal.code, `exit code ${code}, not ${refusal.code}`);
  expect(stdout === "", `stdout holds ${JSON.stringify(stdout.slice(0, 80))}`);
  expect(elapsedMs < MAX_ELAPSED_MS, `it took ${Math.round(elapsedMs)} ms`);
  expect(stderr.length <= MAX_MESSAGE_CHARS, `the message has ${stderr.length} characters`);
  const control = CONTROL.exec(stderr);
  expect(control === null, `the message has ${JSON.stringify(control?.[0])} in it`);
  for (const leak of LEAKS) {
    expect(!stderr.includes(leak) || given.includes(leak), `the message has "${leak}" in it`);
  }
  if (says) expect(says.test(stderr), `the message does not say ${says}`);
  if (refusal.isJson) return [...found, ...jsonComplaints(stderr)];
  expect(/^Error: \S/m.test(stderr), "no line begins with Error:");
  expect(/^hint: \S/m.test(stderr), "there is no hint");
  const longest = Math.max(...stderr.split("\n").map((line) => line.length));
  expect(longest <= MAX_LINE_CHARS, `a line of the message has ${longest} characters`);
  return found;
}

function jsonComplaints(stderr: string): readonly string[] {
  try {
    const { error } = JSON.parse(stderr);
    const words = [error.code, error.reason, error.message, error.hint];
    const isWhole = words.every((word) => typeof word === "string" && word !== "");
    return isWhole ? [] : ["the JSON lacks one of code, reason, message, hint"];
  } catch (error) {
    return [`stderr is no JSON: ${error}`];
  }
}
