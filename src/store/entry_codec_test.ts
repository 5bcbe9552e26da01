/** Log entries as bytes: round trip, and clear words for what cannot be read. */
import assert from "node:assert/strict";
import { wallMs, WarrenError } from "../lib/mod.ts";
import { asId } from "../model/mod.ts";
import type { Entry } from "./action.ts";
import { decodeEntry, encodeEntry } from "./entry_codec.ts";
import { specOf } from "./testing/store_fixture.ts";

function bytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
}

function assertCorrupt(input: Uint8Array, pattern: RegExp): void {
  assert.throws(() => decodeEntry(input), (error: unknown) => {
    assert(error instanceof WarrenError);
    assert.equal(error.reason, "DATA_CORRUPT");
    assert.match(error.message, pattern);
    return true;
  });
}

Deno.test("decodeEntry is the inverse of encodeEntry", () => {
  const entry: Entry = [
    {
      actions: [
        { kind: "service.create", service: { id: asId("s"), spec: specOf("wéb") } },
        { kind: "service.remove", id: asId("t") },
      ],
      atMs: wallMs(12),
      requestId: "r",
    },
    { actions: [], atMs: wallMs(13), requestId: "" },
  ];
  assert.deepEqual(decodeEntry(encodeEntry(entry)), entry);
  assert.deepEqual(decodeEntry(encodeEntry([])), []);
});

Deno.test("decodeEntry keeps keys that JavaScript treats specially", () => {
  const labels: Record<string, string> = JSON.parse('{"__proto__":"x","constructor":"y"}');
  const spec = { ...specOf("web"), labels };
  const create = { kind: "service.create", service: { id: asId<never>("s"), spec } } as const;
  const entry: Entry = [{ actions: [create], atMs: wallMs(1), requestId: "" }];
  assert.equal(
    JSON.stringify(decodeEntry(encodeEntry(entry))),
    JSON.stringify(entry),
  );
});

Deno.test("decodeEntry says that a newer version wrote what it does not know", () => {
  assertCorrupt(bytes({ v: 2, p: [] }), /format 2 was written by a newer version/);
  const actions = [{ kind: "service.teleport" }];
  const entry = { v: 1, p: [{ actions, atMs: 1, requestId: "" }] };
  assertCorrupt(bytes(entry), /action "service\.teleport" was written by a newer version/);
  const inherited = { v: 1, p: [{ actions: [{ kind: "toString" }], atMs: 1, requestId: "" }] };
  assertCorrupt(bytes(inherited), /toString/);
});

Deno.test("decodeEntry refuses what has not the form of an entry", () => {
  const good = { actions: [], atMs: 1, requestId: "" };
  const faulty: readonly unknown[] = [
    "",
    "{",
    "null",
    [],
    { v: 1 },
    { v: 1, p: {} },
    { v: 1, p: [null] },
    { v: 1, p: [[]] },
    { v: 1, p: [{ ...good, atMs: "1" }] },
    { v: 1, p: [{ ...good, requestId: 3 }] },
    { v: 1, p: [{ ...good, actions: {} }] },
    { v: 1, p: [{ ...good, actions: ["service.create"] }] },
    { v: 1, p: [{ ...good, actions: [{ kind: 1 }] }] },
  ];
  for (const one of faulty) assertCorrupt(bytes(one), /Cannot read a log entry/);
});
