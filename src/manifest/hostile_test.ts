/**
 * Every hostile manifest is refused in time, with file and line, and nothing is thrown; and what
 * random damage does to good manifests.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  EMPTY_MANIFESTS,
  hostileManifests,
  serviceManifest,
} from "../../tests/harness/hostile_manifests.ts";
import { parseManifests } from "./parse.ts";
import { FaultList, formatFault, type ManifestFault, MAX_FAULTS } from "./place.ts";
import { decodeManifest } from "./yaml/source.ts";

const FILE = "dir/bad.yaml";
const BLOW_UP_MS = 15_000;

/** All faults of a file, decoding included. */
function faultsOf(content: string | Uint8Array): readonly ManifestFault[] {
  if (typeof content === "string") return parseManifests([{ name: FILE, text: content }]).faults;
  const faults = new FaultList();
  const file = decodeManifest(FILE, content, faults);
  return file === undefined ? faults.sorted([FILE]) : parseManifests([file]).faults;
}

/** The same, and not for ever: a blow-up takes minutes, while a busy machine takes a few seconds. */
function faultsInTime(content: string | Uint8Array): readonly ManifestFault[] {
  const startMs = performance.now();
  const faults = faultsOf(content);
  assert.ok(performance.now() - startMs < BLOW_UP_MS, "the work is not bounded");
  return faults;
}

for (const { name, content, fault, line, foundBy } of hostileManifests()) {
  Deno.test(`parseManifests, given ${name}, ${foundBy === "parse" ? "refuses" : "passes"}`, () => {
    const faults = faultsInTime(content);
    const lines = faults.map(formatFault);
    if (foundBy === "plan") return assert.deepEqual(lines, []);
    assert.ok(faults.length > 0 && faults.length <= MAX_FAULTS + 1, `${faults.length} faults`);
    for (const text of lines) {
      assert.match(text, /^dir\/bad\.yaml:\d+:\d+: /);
      assert.doesNotMatch(text, /[\p{Cc}\p{Cs}]|undefined|\[object| {4}at /u);
      assert.ok(text.length < 1_500, text);
    }
    const hit = faults.find((one) => fault.test(`${one.path}: ${one.message}`));
    assert.ok(hit, `no fault says ${fault}:\n${lines.slice(0, 5).join("\n")}`);
    if (line !== undefined) assert.equal(hit.place.line, line, formatFault(hit));
  });
}

Deno.test("hostileManifests has at least two hundred different rows", () => {
  const names = [...hostileManifests()].map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.length >= 200, `${names.length} rows`);
});

for (const text of EMPTY_MANIFESTS) {
  Deno.test(`parseManifests finds nothing in ${JSON.stringify(text)}`, () => {
    const parsed = parseManifests([{ name: FILE, text }]);
    assert.deepEqual(parsed, { resources: [], faults: [], fileReads: [] });
  });
}

const GOOD = serviceManifest(
  "env: &e {A: '1', B: \"x\\n\"}",
  "ports: [{containerPort: 80, hostPort: 8080}]",
  "healthCheck: {type: http, path: /, interval: 5s}",
  "command: |",
  "  sleep 1",
  "volumes: ['a:/a:ro']",
);

Deno.test("parseManifests never throws on a damaged manifest", () => {
  const shard = fc.oneof(
    fc.string({ unit: "binary", maxLength: 4 }),
    fc.constantFrom(
      "*e",
      "&e ",
      "? ",
      ": ",
      "- ",
      "{",
      "[",
      "]",
      "!!x ",
      "|",
      '"',
      "'",
      "\t",
      "---\n",
    ),
  );
  const damage = fc.array(fc.tuple(fc.nat(GOOD.length), fc.nat(6), shard), { maxLength: 4 });
  fc.assert(
    fc.property(damage, (cuts) => {
      let text = GOOD;
      for (const [at, length, put] of cuts) {
        text = text.slice(0, at) + put + text.slice(at + length);
      }
      const { resources, faults } = parseManifests([{ name: FILE, text }]);
      assert.ok(resources.length > 0 || faults.length > 0 || text.trim().length < GOOD.length);
      for (const fault of faults) assert.match(formatFault(fault), /^dir\/bad\.yaml:\d+:\d+: /);
    }),
    { seed: 20_261_123, numRuns: 1_000 },
  );
});
