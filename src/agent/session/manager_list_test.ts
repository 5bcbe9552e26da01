import assert from "node:assert/strict";
import type { Reason } from "../../lib/mod.ts";
import { ManagerList, MAX_MANAGERS, pauseMs, welcomeLimitMs } from "./manager_list.ts";

/** Asks `count` times, each try ending at once with `reason`. */
function ask(list: ManagerList, count: number, reason: Reason = "NO_LEADER", nowMs = 0): string[] {
  return Array.from({ length: count }, () => {
    const address = list.next(nowMs);
    list.ended(address, { reason, wasWelcome: false, nowMs });
    return address;
  });
}

Deno.test("ManagerList asks one manager after the other, and begins again", () => {
  assert.deepEqual(ask(new ManagerList(["a", "b", "c"]), 7), ["a", "b", "c", "a", "b", "c", "a"]);
});

Deno.test("ManagerList leaves the manager of a session that broke for another one", () => {
  const list = new ManagerList(["a", "b", "c"]);
  ask(list, 1);
  assert.equal(list.next(0), "b");
  list.ended("b", { reason: "NO_LEADER", wasWelcome: true, nowMs: 0 });
  assert.deepEqual(ask(list, 3), ["a", "c", "b"]);
});

Deno.test("ManagerList passes over a manager that does not answer while others do", () => {
  const list = new ManagerList(["a", "b", "c"]);
  ask(list, 1, "CLUSTER_UNREACHABLE");
  assert.deepEqual(ask(list, 4, "NO_LEADER", 100), ["b", "c", "b", "c"]);
  assert.deepEqual(ask(list, 1, "NO_LEADER", 5_000), ["a"], "it may be back");
});

Deno.test("ManagerList does not pass over a manager that lost the leader it had sent it on to", () => {
  const list = new ManagerList(["a", "b"]);
  assert.deepEqual(ask(list, 4, "UNKNOWN_OUTCOME"), ["a", "b", "a", "b"]);
  ask(list, 1, "CLUSTER_UNREACHABLE");
  assert.deepEqual(ask(list, 2, "UNKNOWN_OUTCOME"), ["b", "b"]);
});

Deno.test("ManagerList asks every manager again and again when none answers", () => {
  const list = new ManagerList(["a", "b"]);
  for (let nowMs = 0; nowMs < 60_000; nowMs += 1_000) {
    const address = list.next(nowMs);
    list.ended(address, { reason: "DEADLINE_PASSED", wasWelcome: false, nowMs });
    assert.equal(address, nowMs % 2_000 === 0 ? "a" : "b");
  }
});

Deno.test("ManagerList asks the manager in its own process first, then those it was told of", () => {
  const list = new ManagerList(["unix:///run/warren.sock", "old:1"]);
  assert.ok(list.learn(["m1:1", "m2:1"]));
  assert.deepEqual(list.addresses, ["unix:///run/warren.sock", "m1:1", "m2:1", "old:1"]);
  list.ended(list.next(0), { reason: "NO_LEADER", wasWelcome: true, nowMs: 0 });
  assert.deepEqual(
    ask(list, 2),
    ["unix:///run/warren.sock", "m1:1"],
    "also after its session broke",
  );
});

Deno.test("ManagerList takes what it is told last, keeps what it was given, and counts none twice", () => {
  const list = new ManagerList(["a", "b"], ["b", "c"]);
  assert.deepEqual(list.addresses, ["b", "c", "a"]);
  assert.ok(list.learn(["d", "d", "a", ""]));
  assert.deepEqual([list.addresses, list.told], [["d", "a", "b"], ["d", "a"]]);
  assert.ok(!list.learn(["d", "a"]), "no news");
  assert.ok(!list.learn([]), "an older manager says nothing");
  assert.deepEqual(list.addresses, ["d", "a", "b"]);
});

Deno.test("ManagerList keeps a bounded number of addresses", () => {
  const many = Array.from({ length: 100 }, (_, at) => `m${at}:1`);
  const list = new ManagerList(["given:1"]);
  list.learn(many);
  assert.deepEqual(list.addresses, many.slice(0, MAX_MANAGERS));
  assert.deepEqual(list.told, many.slice(0, MAX_MANAGERS));
});

Deno.test("ManagerList without an address gives none", () => {
  assert.equal(new ManagerList([]).next(0), "");
});

Deno.test("pauseMs is short at first, late by a third of the time away at most, and bounded", () => {
  assert.deepEqual([0, 100, 600, 3_000, 60_000, 1e9].map((ms) => pauseMs(ms, 0)), [
    ...[50, 50, 200, 1_000, 5_000, 5_000],
  ]);
  assert.equal(pauseMs(3_000, 0.998), 501);
});

Deno.test("welcomeLimitMs gives a manager more time the longer none has answered", () => {
  assert.deepEqual([0, 5_000, 60_000].map(welcomeLimitMs), [2_000, 5_000, 10_000]);
});
