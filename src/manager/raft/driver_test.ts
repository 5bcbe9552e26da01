import assert from "node:assert/strict";
import { type MemberLimits, TestGroup, until } from "./testing/group.ts";

const NO_SNAPSHOTS: MemberLimits = { snapshotThreshold: 1_000_000, trailingLogs: 1_000_000 };

Deno.test("a member alone commits, and finds its entries again after a restart", async () => {
  await using group = await TestGroup.start(["a"], NO_SNAPSHOTS);
  const [a] = group.members;
  assert(a);
  assert.equal((await a.propose("one")).kind, "committed");
  await a.stop();
  await a.start(true, []);
  await until(() => a.leads);
  assert.deepEqual(a.texts, ["one"]);
});

Deno.test("learners join, catch up and get a vote; every member applies the same", async () => {
  await using group = await TestGroup.start(["a", "b", "c"], NO_SNAPSHOTS);
  const leader = await group.leader();
  const texts = Array.from({ length: 200 }, (_, at) => `text ${at}`);
  const outcomes = await Promise.all(texts.map((text) => leader.propose(text)));
  assert(outcomes.every(({ kind }) => kind === "committed"));
  for (const member of group.members) {
    await until(() => member.texts.length === texts.length);
    assert.deepEqual(member.texts, texts);
  }
  assert.deepEqual(leader.status?.membership.voters, ["a", "b", "c"]);
});

Deno.test("a change proposed at a follower is committed through the leader, and known there", async () => {
  await using group = await TestGroup.start(["a", "b", "c"], NO_SNAPSHOTS);
  const leader = await group.leader();
  const follower = group.members.find((member) => member !== leader);
  assert(follower);
  await until(() => follower.status?.leader === leader.id);
  const outcome = await follower.propose("from below");
  assert.equal(outcome.kind, "committed");
  assert(outcome.kind === "committed");
  await until(() => follower.applied >= outcome.index);
  assert.deepEqual(follower.texts, ["from below"]);
  const bound = await follower.propose("only as the leader", 1);
  assert.equal(bound.kind, "not taken");
});

Deno.test("a read at any member sees what was answered before", async () => {
  await using group = await TestGroup.start(["a", "b", "c"], NO_SNAPSHOTS);
  const leader = await group.leader();
  for (const member of group.members) {
    const outcome = await leader.propose(`before ${member.id}`);
    assert(outcome.kind === "committed");
    const index = await until(async () => await member.read() ?? false);
    assert(index >= outcome.index);
  }
});

Deno.test("a member that stops is replaced as the leader, and catches up when it is back", async () => {
  await using group = await TestGroup.start(["a", "b", "c"], NO_SNAPSHOTS);
  const first = await group.leader();
  await first.propose("one");
  await first.stop();
  const second = await group.leader();
  assert.notEqual(second.id, first.id);
  assert.equal((await second.propose("two")).kind, "committed");
  await first.start(first.id === "a", group.members.map(({ id, address }) => ({ id, address })));
  await until(() => first.texts.length === 2);
  assert.deepEqual(first.texts, ["one", "two"]);
});

Deno.test("a member that was away for longer than the log is kept catches up by a snapshot", async () => {
  await using group = await TestGroup.start(["a", "b", "c"], {
    snapshotThreshold: 20,
    trailingLogs: 5,
  });
  const leader = await group.leader();
  const away = group.members.find((member) => member !== leader);
  assert(away);
  await away.stop();
  const texts = Array.from({ length: 100 }, (_, at) => `text ${at}`);
  for (const text of texts) assert.equal((await leader.propose(text)).kind, "committed");
  await away.start(away.id === "a", group.members.map(({ id, address }) => ({ id, address })));
  await until(() => away.texts.length === texts.length);
  assert.deepEqual(away.texts, texts);
  assert(away.restores > 0);
  await leader.propose("after");
  await until(() => away.texts.at(-1) === "after");
});

Deno.test("leadership is handed over without an election timeout, and a lone leader says why not", async () => {
  await using group = await TestGroup.start(["a", "b", "c"], NO_SNAPSHOTS);
  const first = await group.leader();
  assert.equal(await first.transfer(null), "");
  const second = await group.leader();
  assert.notEqual(second.id, first.id);
  await using alone = await TestGroup.start(["x"], NO_SNAPSHOTS);
  assert.match(await (await alone.leader()).transfer(null), /no other voting manager/);
});

Deno.test("a leader without a quorum answers nothing, and its changes are not lost silently", async () => {
  await using group = await TestGroup.start(["a", "b", "c"], NO_SNAPSHOTS);
  const leader = await group.leader();
  for (const member of group.members) if (member !== leader) await member.stop();
  const outcome = await leader.propose("nobody hears");
  assert.notEqual(outcome.kind, "committed");
  await until(() => leader.status?.role !== "leader");
  assert.equal((await leader.propose("later")).kind, "not taken");
});

Deno.test("a full disk takes no changes until there is room", async () => {
  await using group = await TestGroup.start(["a"], NO_SNAPSHOTS);
  const [a] = group.members;
  assert(a);
  a.disk.setFull(true);
  const refused = await a.propose("no room");
  assert(refused.kind === "not taken");
  assert.equal(refused.error.reason, "DISK_FULL");
  a.disk.setFull(false);
  assert.equal((await a.propose("room")).kind, "committed");
});

Deno.test("what waits for a slow disk shares one write, and a stalled disk costs the leadership", async () => {
  await using group = await TestGroup.start(["a", "b", "c"], NO_SNAPSHOTS);
  const leader = await group.leader();
  const release = leader.disk.hold();
  const proposed = leader.propose("stuck");
  const others = group.members.filter((member) => member !== leader);
  await until(() => others.find(({ leads }) => leads));
  release();
  assert((await proposed).kind !== "not taken");
});

Deno.test("a removed leader steps down, and the rest goes on", async () => {
  await using group = await TestGroup.start(["a", "b", "c"], NO_SNAPSHOTS);
  const leader = await group.leader();
  assert.equal(await leader.change("remove", leader.id), "");
  const next = await until(() => group.members.find((one) => one !== leader && one.leads));
  assert.equal((await next.propose("without it")).kind, "committed");
  assert.equal(next.status?.membership.voters.includes(leader.id), false);
});

Deno.test("a member in doubt about its log is whole again once it has caught up, and its disk knows", async () => {
  await using group = await TestGroup.start(["a", "b", "c"], NO_SNAPSHOTS);
  const leader = await group.leader();
  const other = group.members.find((member) => member !== leader);
  assert(other);
  await other.stop();
  other.disk.isInDoubt = true;
  assert.equal((await leader.propose("one")).kind, "committed");
  await other.start(other.id === "a", group.members.map(({ id, address }) => ({ id, address })));
  await until(() => !other.disk.isInDoubt);
  await until(() => other.status?.isRecovering === false);
  assert.equal((await other.propose("two")).kind, "committed");
});

Deno.test("a member is not unwelcome before its removal is committed", async () => {
  await using group = await TestGroup.start(["a", "b", "c"], NO_SNAPSHOTS);
  const leader = await group.leader();
  const [first, second] = group.members.filter((member) => member !== leader);
  assert(first && second);
  assert.equal(leader.driver?.isWelcome(first.id), true);
  assert.equal(leader.driver?.isWelcome("stranger"), false);
  const release = second.disk.hold();
  const removed = leader.change("remove", first.id);
  assert.equal(leader.driver?.isWelcome(first.id), true);
  release();
  assert.equal(await removed, "");
  assert.equal(leader.driver?.isWelcome(first.id), false);
  await until(() => first.removedBy.includes(leader.id));
});

Deno.test("a member believes that it was removed unless another member leads it", async () => {
  await using group = await TestGroup.start(["a", "b"], NO_SNAPSHOTS);
  const leader = await group.leader();
  const other = group.members.find((member) => member !== leader);
  assert(other);
  await until(() => other.status?.leader === leader.id);
  other.driver?.onRemoved("one that led before");
  assert.deepEqual(other.removedBy, []);
  other.driver?.onRemoved(leader.id);
  assert.deepEqual(other.removedBy, [leader.id]);
});

Deno.test("a leader with a full disk hands over, and a follower hears of a full one that leads", async () => {
  await using group = await TestGroup.start(["a", "b", "c"], NO_SNAPSHOTS);
  const first = await group.leader();
  first.disk.setFull(true);
  const second = await until(() => group.members.find((one) => one !== first && one.leads));
  assert.equal((await second.propose("here is room")).kind, "committed");
  await using alone = await TestGroup.start(["x"], NO_SNAPSHOTS);
  const x = await alone.leader();
  x.disk.setFull(true);
  await assert.rejects(async () => await x.driver?.onForwarded(new Uint8Array()), {
    reason: "DISK_FULL",
  });
});
