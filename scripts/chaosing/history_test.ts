import assert from "node:assert/strict";
import { History } from "./history.ts";
import type { Operation } from "../../tests/sim/checks/linearizability.ts";

function write(expected: string, value: string, call: number, ret: number): Operation {
  return {
    client: 0,
    kind: "cas",
    value,
    expected,
    call,
    ret,
    seen: ret === Infinity ? null : true,
  };
}

function read(seen: string, call: number, ret: number): Operation {
  return { client: 1, kind: "get", value: "", expected: "", call, ret, seen };
}

Deno.test("History accepts a register that was set, read and emptied", () => {
  const history = new History();
  for (const one of [write("", "a", 1, 2), read("a", 3, 4), write("a", "", 5, 6), read("", 7, 8)]) {
    history.add("key", one);
  }
  assert.deepEqual(history.judge(), []);
});

Deno.test("History names a register where an acknowledged write was lost", () => {
  const history = new History();
  history.add("key", write("", "a", 1, 2));
  history.add("key", read("", 3, 4));
  assert.match(history.judge().join(), /^key: not linearizable/);
});

Deno.test("History lets a write of unknown outcome happen late, or never", () => {
  const history = new History();
  history.add("late", write("", "a", 1, Infinity));
  history.add("late", read("", 2, 3));
  history.add("late", read("a", 4, 5));
  history.add("never", write("", "a", 1, Infinity));
  history.add("never", read("", 2, 3));
  assert.deepEqual(history.judge(), []);
});

Deno.test("History compares what must be there with what a manager has", () => {
  const history = new History();
  history.settle("set", "id1");
  history.settle("empty", "");
  history.settle("unknown", null);
  assert.deepEqual(history.compare(new Map([["set", "id1"], ["unknown", "id9"]]), "m0"), []);
  const faults = history.compare(new Map([["empty", "id2"]]), "m1");
  assert.deepEqual(faults, [
    "set: m1 has nothing, acknowledged was id1",
    "empty: m1 has id2, acknowledged was nothing",
  ]);
});
