/** A daemon that changes its kind while it runs, with starts that only write down what happens. */
import assert from "node:assert/strict";
import { fileIdentity } from "../agent/mod.ts";
import { type Clock, realClock, type Reason, WarrenError } from "../lib/mod.ts";
import { asId, type NodeId } from "../model/mod.ts";
import { LogSink } from "../telemetry/mod.ts";
import { DataDir } from "./data_dir.ts";
import { promotionPauseMs } from "./role/change_kind.ts";
import type { RoleChange } from "./role/role_change.ts";
import type { RunningDaemon, StartParts } from "./running_daemon.ts";
import { serve } from "./serve.ts";
import type { DaemonFlags } from "./flags.ts";
import { settleSettings } from "./settings.ts";

const PROMOTE: RoleChange = { kind: "manager", token: "t", memberId: "", managers: ["m1:1"] };
const DEMOTE: RoleChange = { kind: "worker", managers: ["m2:1", "m3:1"] };

const FLAGS: DaemonFlags = {
  ...{ dataDir: null, nodeName: null, managerOnly: false, managers: ["m0:1"], token: "first" },
  ...{ listenAddr: null, raftAddr: null, advertiseAddr: null, metricsAddr: null, socket: null },
  ...{ labels: {}, runtime: "fake", dockerHost: null, enablePprof: false },
  ...{ heartbeatTimeoutMs: null, electionTimeoutMs: null, leaderLeaseTimeoutMs: null },
  ...{ snapshotThreshold: null, trailingLogs: null, logLevel: "error", logFormat: "json" },
};
/** Its short waits are over at once. */
const CLOCK: Clock = {
  ...realClock,
  after: (delayMs, fire) => realClock.after(delayMs <= 2_000 ? 0 : delayMs, fire),
};

/** Daemons that change as `changes` say, one after the other; the last one is told to stop. */
async function lives(
  changes: readonly RoleChange[],
  refusals: readonly (Reason | null)[] = [],
): Promise<{ told: string[]; code: number; saved: unknown; files: string[]; memberIds: string[] }> {
  const path = await Deno.makeTempDir();
  try {
    using dataDir = await DataDir.open(path);
    await Deno.mkdir(`${path}/agent`);
    const nodeId = asId<NodeId>("node1");
    await fileIdentity(`${path}/agent`).save({ nodeId, credential: "c", clusterId: "c1" });
    const told: string[] = [];
    const memberIds: string[] = [];
    const stop = Promise.withResolvers<Deno.Signal>();
    const ahead = [...changes];
    const refused = [...refusals];
    const start = async ({ settings }: StartParts): Promise<RunningDaemon> => {
      const { kind, managers, token } = settings;
      const saved = await dataDir.settings();
      told.push(`+${kind} ${managers.join(",")} ${token ?? "-"} saved=${saved?.kind ?? "none"}`);
      if (kind === "manager") {
        const identity = await dataDir.identity();
        assert.ok(identity);
        memberIds.push(identity.memberId);
        const reason = refused.shift();
        if (reason) throw new WarrenError(reason, "refused");
        await dataDir.saveIdentity({ ...identity, clusterId: "c1", hasLog: true });
        await Deno.mkdir(`${path}/log`, { recursive: true });
      }
      const change = ahead.shift();
      if (!change) stop.resolve("SIGTERM");
      return {
        ...{ nodeId, listenAddr: "", metricsAddr: "", socket: "" },
        failed: new Promise<never>(() => {}),
        changed: change ? Promise.resolve(change) : new Promise<never>(() => {}),
        [Symbol.asyncDispose]: () => Promise.resolve(void told.push(`-${kind}`)),
      };
    };
    const output = { write: (bytes: Uint8Array) => Promise.resolve(bytes.length) };
    const sink = new LogSink({
      ...{ level: "error", format: "json", hasColour: false, clock: realClock, output },
    });
    const second = new Promise<never>(() => {});
    const signals = { first: stop.promise, second, release: () => {} };
    const settings = settleSettings("worker", FLAGS, null, {
      dataDir: path,
      machine: { hostname: "h", defaultSocket: "/run/x.sock" },
    });
    const code = await serve(
      { dataDir, sink, signals, clock: CLOCK, starts: { manager: start, worker: start } },
      settings,
    );
    await sink.flush(1_000);
    const files: string[] = [];
    for await (const { name } of Deno.readDir(path)) files.push(name);
    return { told, code, saved: await dataDir.settings(), files: files.sort(), memberIds };
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

Deno.test("serve makes a manager of a worker and remembers it once it runs", async () => {
  const { told, code, saved } = await lives([PROMOTE]);
  assert.deepEqual(told, [
    "+worker m0:1 first saved=none",
    "-worker",
    "+manager m1:1 t saved=worker",
    "-manager",
  ]);
  assert.equal(code, 0);
  const { kind, startedAs, managers } = saved as Record<string, unknown>;
  assert.deepEqual([kind, startedAs, managers], ["manager", "worker", ["m1:1"]]);
  assert.ok(!JSON.stringify(saved).includes("token"), "the token is not kept");
});

Deno.test("serve makes a worker of a manager, whose log and keys are gone before it starts", async () => {
  const { told, saved, files } = await lives([PROMOTE, DEMOTE]);
  assert.equal(told.at(-2), "+worker m2:1,m3:1 - saved=worker");
  assert.equal((saved as Record<string, unknown>).kind, "worker");
  assert.deepEqual(files, ["agent", "format", "lock", "settings.json"]);
});

Deno.test("serve joins as another member each time that it is promoted", async () => {
  const { memberIds, code } = await lives([PROMOTE, DEMOTE, PROMOTE, DEMOTE]);
  assert.equal(code, 0);
  assert.equal(new Set(memberIds).size, 2);
});

Deno.test("serve goes on as a worker when the managers refuse it, and tries again later", async () => {
  const { told, memberIds, saved } = await lives([PROMOTE, PROMOTE], ["PORT_IN_USE", null]);
  assert.deepEqual(told.map((line) => line.split(" ")[0]), [
    ...["+worker", "-worker", "+manager", "+worker", "-worker", "+manager", "-manager"],
  ]);
  assert.equal(new Set(memberIds).size, 2, "what was refused for good is tried anew");
  assert.equal((saved as Record<string, unknown>).kind, "manager");
});

Deno.test("promotionPauseMs grows and is bounded", () => {
  assert.deepEqual([0, 1, 2, 5, 6, 1_000].map(promotionPauseMs), [
    ...[0, 2_000, 4_000, 32_000, 60_000, 60_000],
  ]);
});
