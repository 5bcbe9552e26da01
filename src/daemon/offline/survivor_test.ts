import assert from "node:assert/strict";
import { realClock } from "../../lib/mod.ts";
import { lastOf, readMember, replayMember } from "../../manager/offline/mod.ts";
import { DataDir } from "../data_dir.ts";
import { finishRecovery } from "./finish_recovery.ts";
import { judgeRecovery } from "./judge.ts";
import type { ManagerAnswer, ManagerDialer } from "./look_around.ts";
import { Survivor } from "./survivor.ts";
import type { RichState } from "./testing/rich_state.ts";
import { makeSurvivor } from "./testing/survivor_dir.ts";

async function withManager(
  body: (path: string, state: RichState) => Promise<void>,
  kind: "manager" | "worker" = "manager",
): Promise<void> {
  const path = await Deno.makeTempDir();
  try {
    await body(path, await makeSurvivor(path, { kind }));
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

function answer(clusterId: string, over: Partial<ManagerAnswer> = {}): ManagerAnswer {
  return {
    ...{ clusterId, leaderId: "", term: 1, commitIndex: 1, lastIndex: 1, lastTerm: 1 },
    ...over,
  };
}

/** Answers from the addresses of `answers`; whoever else is asked is away. */
function dialer(answers: Readonly<Record<string, ManagerAnswer>>): ManagerDialer {
  return (address) => {
    const found = answers[address];
    return found ? Promise.resolve(found) : Promise.reject(new Error("connection refused"));
  };
}

Deno.test("Survivor finds the group, where its log ends, and who answers", async () => {
  await withManager(async (path, { clusterId, fixture }) => {
    using survivor = await Survivor.open(path);
    const { findings } = survivor;
    assert.deepEqual([findings.clusterId, findings.dataDir], [clusterId, path]);
    assert.deepEqual([findings.lastIndex, findings.lastTerm], [fixture.view.index + 2, 42]);
    assert.deepEqual(
      findings.managers.map(({ name, address, isSelf }) => [name, address, isSelf]),
      [["m1", "127.0.0.1:2", true], ["m2", "127.0.0.1:3", false], [
        "m3",
        "127.0.0.1:4",
        false,
      ]],
    );
    const dial = dialer({
      "127.0.0.1:2": answer(clusterId),
      "127.0.0.1:3": answer("another cluster"),
      "127.0.0.1:4": answer(clusterId),
    });
    const seen = await survivor.lookAround(dial, realClock);
    assert.deepEqual(seen.map(({ answer }) => answer !== null), [false, false, true]);
    assert.match(judgeRecovery(findings, seen).refusal?.message ?? "", /2 of 3 managers are there/);
    const alone = await survivor.lookAround(dialer({}), realClock);
    assert.equal(judgeRecovery(findings, alone).refusal, null);
  });
});

Deno.test("Survivor waits for an answer for a bounded time", async () => {
  await withManager(async (path) => {
    using survivor = await Survivor.open(path);
    const never: ManagerDialer = (_, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      });
    const seen = await survivor.lookAround(never, {
      ...realClock,
      after: (_, fire) => {
        queueMicrotask(fire);
        return () => {};
      },
    });
    assert.ok(seen.every(({ answer }) => answer === null));
  });
});

Deno.test("Survivor becomes a group of one with all that its log held, and keeps the old log", async () => {
  await withManager(async (path, { fixture, worker, managers }) => {
    const before = readMember(`${path}/log`);
    const report = await recover(path);
    assert.equal(report.keptLog, `${path}/log.before-recover-1`);
    assert.deepEqual(report.formerManagers, ["m2", "m3"]);
    const log = readMember(`${path}/log`);
    const { view } = replayMember(log);
    using dir = await DataDir.open(path);
    const identity = await dir.identity();
    assert(identity);
    assert.notEqual(identity.memberId, "member-m1");
    assert.deepEqual([identity.nodeId, identity.credential], [managers[0]?.id, "secret"]);
    assert.deepEqual([identity.isFounder, identity.hasLog], [false, true]);
    assert.equal(log.memberId, identity.memberId);
    assert.deepEqual(log.membership, { voters: [identity.memberId], outgoing: [], learners: [] });
    assert.ok(log.hard.term > before.hard.term && lastOf(log).index > lastOf(before).index);
    assert.deepEqual(await dir.peers(), []);
    const states = ["m1", "m2", "m3"].map((name) => {
      const node = view.nodeByName(name);
      return [node?.memberId, node?.role, node?.status === "down"];
    });
    assert.deepEqual(states, [
      [identity.memberId, "hybrid", false],
      ["", "worker", true],
      ["", "worker", true],
    ]);
    const kept = view.node(worker.id);
    assert.deepEqual([kept?.status, kept?.labels], [worker.status, { added: "last" }]);
    assert.deepEqual([...view.tasks()], [...fixture.view.tasks()]);
    assert.equal(readMember(report.keptLog).memberId, "member-m1");
  });
});

Deno.test("Survivor refuses a running manager, a worker, and what is no manager's, and changes nothing", async () => {
  await withManager(async (path) => {
    {
      using _held = await DataDir.open(path);
      await assert.rejects(Survivor.open(path), {
        reason: "DATA_DIR_IN_USE",
        hint: /stop this manager first/,
      });
    }
    await Deno.mkdir(`${path}/other`);
    await assert.rejects(Survivor.open(`${path}/other`), { reason: "DATA_DIR_UNUSABLE" });
    await assert.rejects(Survivor.open(`${path}/nowhere`), { reason: "DATA_DIR_UNUSABLE" });
    assert.deepEqual([...Deno.readDirSync(`${path}/other`)], []);
  });
  await withManager(async (path) => {
    await assert.rejects(Survivor.open(path), { message: /no manager's/ });
  }, "worker");
});

Deno.test("a recovery that is killed between any two steps finishes at the next try", async () => {
  const steps: readonly ((path: string) => Promise<void>)[] = [
    // The plan is written, nothing else.
    async (path) => {
      await Deno.rename(`${path}/log`, `${path}/log.recovered`);
      await Deno.rename(`${path}/log.before-recover-1`, `${path}/log`);
    },
    // The old log is aside.
    (path) => Deno.rename(`${path}/log`, `${path}/log.recovered`),
    // The new one has its place.
    () => Promise.resolve(),
  ];
  for (const undo of steps) {
    await withManager(async (path) => {
      const oldIdentity = await Deno.readTextFile(`${path}/node.json`);
      await recover(path);
      const newIdentity = await Deno.readTextFile(`${path}/node.json`);
      const log = readMember(`${path}/log`);
      await undo(path);
      await Deno.writeTextFile(`${path}/node.json`, oldIdentity);
      const plan = { identity: JSON.parse(newIdentity), keptLog: "log.before-recover-1" };
      await Deno.writeTextFile(`${path}/recovery.json`, JSON.stringify(plan));
      {
        using dir = await DataDir.open(path);
        assert.equal(await finishRecovery(dir), true);
        assert.equal(await finishRecovery(dir), false);
      }
      assert.equal(await Deno.readTextFile(`${path}/node.json`), newIdentity);
      assert.deepEqual(readMember(`${path}/log`), log);
      assert.equal(readMember(`${path}/log.before-recover-1`).memberId, "member-m1");
      // And it can be recovered again, beside the first log that was kept.
      assert.equal((await recover(path)).keptLog, `${path}/log.before-recover-2`);
    });
  }
});

Deno.test("a recovery that is killed before its plan is written leaves the manager as it was", async () => {
  await withManager(async (path) => {
    const before = readMember(`${path}/log`);
    await Deno.mkdir(`${path}/log.recovered`);
    await Deno.writeTextFile(`${path}/log.recovered/half`, "half");
    {
      using dir = await DataDir.open(path);
      assert.equal(await finishRecovery(dir), false);
    }
    assert.deepEqual(readMember(`${path}/log`), before);
    await recover(path);
    assert.notEqual(readMember(`${path}/log`).memberId, before.memberId);
  });
});

async function recover(path: string) {
  using survivor = await Survivor.open(path);
  return await survivor.recover(realClock);
}
