import assert from "node:assert/strict";
import { parseMoment } from "./moment.ts";
import { parseScale } from "../service/scale.ts";
import { parseTail } from "../task/logs.ts";

Deno.test("parseMoment reads times and how long ago, and refuses the rest", () => {
  const nowMs = 1_700_000_000_000;
  const rows: readonly (readonly [string | undefined, number])[] = [
    [undefined, 0],
    ["10m", nowMs - 600_000],
    ["1h30m", nowMs - 5_400_000],
    ["2023-11-14T22:13:20Z", nowMs],
    ["2023-11-14T23:13:20+01:00", nowMs],
    ["2023-11-14", Date.parse("2023-11-14")],
    ["99999d", 1],
  ];
  for (const [text, atMs] of rows) assert.equal(parseMoment(text, "since", nowMs), atMs, `${text}`);
  for (const text of ["yesterday-ish", "", "5", "2023", "2023-13-40", "10 m"]) {
    assert.throws(() => parseMoment(text, "since", nowMs), /--since/, text);
  }
});

Deno.test("parseScale reads replicas by service", () => {
  assert.deepEqual(parseScale(["web=3", "api=0"], undefined), { web: 3, api: 0 });
  assert.deepEqual(parseScale(["web"], 2), { web: 2 });
  for (const words of [["web"], ["web="], ["web=-1"], ["=3"], ["web=x"], ["a=1", "a=2"]]) {
    assert.throws(() => parseScale(words, undefined), words.join(" "));
  }
});

Deno.test("parseTail reads a number of lines and all", () => {
  assert.deepEqual([parseTail(undefined), parseTail("all"), parseTail("0"), parseTail("20")], [
    undefined,
    undefined,
    0,
    20,
  ]);
  for (const text of ["-1", "x", "1.5", ""]) assert.throws(() => parseTail(text), /--tail/);
});
