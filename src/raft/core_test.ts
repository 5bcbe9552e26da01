import assert from "node:assert/strict";
import { SimGroup } from "./testing/group.ts";

const THREE = ["a", "b", "c"];

function elected(seed = 1, ids = THREE): SimGroup {
  const group = new SimGroup(seed, ids);
  group.runUntil("a leader", () => group.leader() !== undefined);
  group.runUntil("its first commit", () => group.isLevel());
  return group;
}

function leaderId(group: SimGroup): string {
  return group.leader()?.status().leader ?? assert.fail("nobody leads");
}

Deno.test("RaftCore elects one leader that all members know", () => {
  const group = elected();
  const leaders = new Set(THREE.map((id) => group.core(id).status().leader));
  assert.deepEqual([...leaders], [leaderId(group)]);
});

Deno.test("RaftCore alone leads itself once its own vote is durable", () => {
  const group = elected(1, ["solo"]);
  group.propose();
  group.runUntil("the commit", () => group.committedWords().length === 1);
});

Deno.test("RaftCore commits what is proposed, on every member", () => {
  const group = elected();
  for (let at = 0; at < 50; at++) group.propose();
  group.runUntil("all words", () => group.committedWords().length === 50 && group.isLevel());
});

Deno.test("RaftCore replaces a leader that crashed, and keeps what was committed", () => {
  const group = elected();
  group.propose();
  group.runUntil("the commit", () => group.committedWords().length === 1);
  const before = leaderId(group);
  group.crash(before, 10_000);
  group.runUntil("another leader", () => group.leader() !== undefined, 200);
  assert.notEqual(leaderId(group), before);
  group.propose();
  group.runUntil("the next commit", () => group.committedWords().length === 2);
});

Deno.test("RaftCore steps down without a quorum, within lease and heartbeat", () => {
  const group = elected();
  const before = leaderId(group);
  group.isolate(before);
  group.runUntil("the step down", () => group.core(before).status().role !== "leader", 40);
});

Deno.test("RaftCore cut off and asking for votes does not disturb the others when it returns", () => {
  const group = elected();
  const leader = leaderId(group);
  const term = group.core(leader).status().term;
  const other = THREE.find((id) => id !== leader) ?? "";
  group.isolate(other);
  group.run(1_000);
  group.isolate();
  group.run(500);
  assert.equal(leaderId(group), leader);
  assert.equal(group.core(leader).status().term, term);
});

Deno.test("RaftCore asks at once when the connection to its leader broke", () => {
  const group = elected();
  const before = leaderId(group);
  group.crash(before, 10_000);
  for (const id of THREE) if (id !== before) group.core(id).report(before, "unreachable");
  group.runUntil("another leader", () => group.leader() !== undefined, 30);
});

Deno.test("RaftCore hands leadership to a member that is level", () => {
  const group = elected();
  const before = leaderId(group);
  const to = THREE.find((id) => id !== before) ?? "";
  assert.equal(group.core(before).transfer(to), null);
  group.runUntil("the transfer", () => group.leader()?.status().leader === to, 30);
  group.propose();
  group.runUntil("a commit", () => group.committedWords().length === 1);
});

Deno.test("RaftCore gives up a transfer to a silent member, and takes proposals again", () => {
  const group = elected();
  const before = leaderId(group);
  const to = THREE.find((id) => id !== before) ?? "";
  group.crash(to, 10_000);
  assert.equal(group.core(before).transfer(to), null);
  const refused = group.core(before).propose(new Uint8Array(1));
  assert.equal(refused.isOk ? "taken" : refused.reason, "transferring");
  group.run(60);
  assert.equal(group.core(before).propose(new Uint8Array(1)).isOk, true);
});

Deno.test("RaftCore answers reads at every member once a round confirmed them", () => {
  const group = elected();
  for (let at = 0; at < 20; at++) group.read();
  group.run(50);
  assert.equal(group.answeredReads, 20);
});

Deno.test("RaftCore answers no read without a quorum", () => {
  const group = elected();
  const leader = leaderId(group);
  for (const id of THREE) if (id !== leader) group.crash(id, 10_000);
  group.core(leader).readIndex(999_999);
  group.run(10);
  assert.equal(group.answeredReads, 0);
});

Deno.test("RaftCore adds, promotes and removes members one step at a time", () => {
  const group = elected();
  group.addMember("d");
  const steps = [
    { kind: "add learner", id: "d" },
    { kind: "promote", id: "d" },
    { kind: "remove", id: "a" },
  ] as const;
  for (const change of steps) {
    group.runUntil(
      change.kind,
      () => group.leader()?.changeMembership(change).isOk === true,
      2_000,
    );
    group.propose();
    group.run(100);
  }
  group.runUntil("a leader among the rest", () => {
    const status = group.leader()?.status();
    return status !== undefined && status.membership.voters.join() === "b,c,d";
  });
});

Deno.test("RaftCore refuses a second change before the first is committed", () => {
  const group = elected();
  const leader = leaderId(group);
  for (const id of THREE) if (id !== leader) group.crash(id, 10_000);
  const core = group.core(leader);
  assert.equal(core.changeMembership({ kind: "add learner", id: "x" }).isOk, true);
  const second = core.changeMembership({ kind: "add learner", id: "y" });
  assert.equal(second.isOk ? "taken" : second.reason, "change in flight");
});

Deno.test("RaftCore brings a member that was away up to date by snapshot", () => {
  const group = new SimGroup(3, THREE, {
    faults: {
      loss: 0,
      duplicate: 0,
      maxDelayTicks: 1,
      maxWriteTicks: 1,
      crash: 0,
      partition: 0,
      compact: 0.2,
    },
  });
  group.runUntil("a leader", () => group.leader() !== undefined);
  const away = THREE.find((id) => id !== leaderId(group)) ?? "";
  group.crash(away, 2_000);
  for (let at = 0; at < 200; at++) {
    group.propose();
    group.run(5);
  }
  group.runUntil("everyone to be level", () => group.isLevel(), 10_000);
});
