import assert from "node:assert/strict";
import type { DaemonFlags } from "./flags.ts";
import { savedPart, type SavedSettings, settleSettings } from "./settings.ts";

const NO_FLAGS: DaemonFlags = {
  dataDir: null,
  nodeName: null,
  managerOnly: false,
  managers: [],
  token: null,
  listenAddr: null,
  raftAddr: null,
  advertiseAddr: null,
  metricsAddr: null,
  socket: null,
  labels: {},
  runtime: "auto",
  dockerHost: null,
  enablePprof: false,
  heartbeatTimeoutMs: null,
  electionTimeoutMs: null,
  leaderLeaseTimeoutMs: null,
  snapshotThreshold: null,
  trailingLogs: null,
  logLevel: "info",
  logFormat: null,
};
const PLACE = { dataDir: "/data", machine: { hostname: "host", defaultSocket: "/s" } };

function settle(
  kind: "init" | "join" | "worker" | "resume",
  flags: Partial<DaemonFlags>,
  saved: SavedSettings | null = null,
) {
  return settleSettings(kind, { ...NO_FLAGS, ...flags }, saved, PLACE);
}

Deno.test("settleSettings gives a first manager the machine's defaults", () => {
  const settings = settle("init", {});
  assert.equal(settings.kind, "manager");
  assert.equal(settings.nodeName, "host");
  assert.equal(settings.hasAgent, true);
  assert.equal(settings.listenAddr, "127.0.0.1:2377");
  assert.equal(settings.metricsAddr, "127.0.0.1:9090");
  assert.equal(settings.socket, "/s");
});

Deno.test("settleSettings gives a worker its own metrics port, and needs manager and token", () => {
  const flags = { managers: ["127.0.0.1:2377"], token: "t" };
  assert.equal(settle("worker", flags).metricsAddr, "127.0.0.1:6060");
  assert.throws(() => settle("worker", { token: "t" }), /needs a manager and a token/);
  assert.throws(() => settle("worker", { managers: ["m:1"] }), /needs a manager and a token/);
});

Deno.test("settleSettings takes a later start without flags for the same as the first", () => {
  const first = settle("init", {
    nodeName: "a",
    managerOnly: true,
    listenAddr: "127.0.0.1:1",
    metricsAddr: "off",
    runtime: "process",
    labels: { zone: "x" },
  });
  const again = settle("resume", {}, savedPart(first));
  assert.deepEqual(savedPart(again), savedPart(first));
});

Deno.test("settleSettings lets flags of a later start win, and adds labels", () => {
  const first = savedPart(settle("init", { nodeName: "a", labels: { zone: "x" } }));
  const again = settle("init", { nodeName: "b", labels: { disk: "ssd" } }, first);
  assert.equal(again.nodeName, "b");
  assert.deepEqual(again.labels, { zone: "x", disk: "ssd" });
  assert.deepEqual(again.asked, { nodeName: "b", labels: { disk: "ssd" } });
  assert.deepEqual(settle("resume", {}, first).asked, { nodeName: null, labels: {} });
});

Deno.test("settleSettings refuses a directory of the other kind, and an empty one to resume", () => {
  const manager = savedPart(settle("init", {}));
  assert.throws(() => settle("worker", { managers: ["m:1"], token: "t" }, manager), /belongs to a/);
  assert.throws(() => settle("resume", {}), /Nothing to resume/);
});

Deno.test("savedPart keeps no token", () => {
  const settings = settle("worker", { managers: ["127.0.0.1:1"], token: "very-secret" });
  assert.ok(!JSON.stringify(savedPart(settings)).includes("very-secret"));
});

Deno.test("settleSettings refuses names that nobody could type", () => {
  for (const nodeName of ["", "a b", "a\nb", "\u001b[31m", "../a", "ａ", "n".repeat(65)]) {
    assert.throws(() => settle("init", { nodeName }), /--node-name must be 1 to 64/);
  }
  assert.throws(() => settle("init", { labels: { "a b": "c" } }), /--label/);
  assert.throws(() => settle("init", { labels: { zone: "\u0007" } }), /U\+0007/);
});

Deno.test("settleSettings lets a manager join with a manager and a token, and resume without", () => {
  assert.throws(() => settle("join", { token: "t" }), /a manager's first start needs/);
  const first = settle("join", { managers: ["127.0.0.1:1"], token: "t", raftAddr: ":2" });
  assert.deepEqual([first.kind, first.raftAddr], ["manager", "127.0.0.1:2"]);
  const again = settle("join", {}, savedPart(first));
  assert.deepEqual(savedPart(again), savedPart(first));
});

Deno.test("settleSettings refuses Raft addresses of other machines and times that do not fit", () => {
  assert.throws(() => settle("init", { raftAddr: "0.0.0.0:7946" }), /without encryption/);
  assert.throws(() => settle("init", { leaderLeaseTimeoutMs: 900 }), /lease must not be longer/);
  const { raftTimes } = settle("init", { heartbeatTimeoutMs: 300, electionTimeoutMs: 400 });
  assert.deepEqual(raftTimes, {
    heartbeatTimeoutMs: 300,
    electionTimeoutMs: 400,
    leaderLeaseTimeoutMs: 250,
  });
});

Deno.test("settleSettings gives a directory of an older version what it does not say", () => {
  const { raftAddr: _1, raftTimes: _2, trailingLogs: _3, ...older } = savedPart(settle("init", {}));
  const settings = settle("resume", {}, older as SavedSettings);
  assert.deepEqual([settings.raftAddr, settings.trailingLogs], ["127.0.0.1:7946", 10_240]);
  assert.equal(settings.raftTimes.heartbeatTimeoutMs, 500);
});

Deno.test("settleSettings tells others a host with the port of each listener", () => {
  const at = (advertiseAddr: string | null, listenAddr = "127.0.0.1:3") => {
    const settings = settle("init", { advertiseAddr, listenAddr, raftAddr: "127.0.0.1:4" });
    return [settings.advertiseAddr, settings.raftAdvertiseAddr];
  };
  assert.deepEqual(at(null), [null, null]);
  assert.deepEqual(at("localhost"), ["localhost:3", "localhost:4"]);
  assert.deepEqual(at("localhost:9"), ["localhost:9", "localhost:4"]);
  assert.deepEqual(at("::1"), ["[::1]:3", "[::1]:4"]);
  assert.deepEqual(at("localhost", "127.0.0.1:0"), [null, "localhost:4"]);
});

Deno.test("settleSettings resumes what the managers made of a node, whatever started it first", () => {
  const flags = { managers: ["127.0.0.1:2377"], token: "t" };
  const born = savedPart(settle("worker", flags));
  const promoted: SavedSettings = { ...born, kind: "manager", startedAs: "worker" };
  for (const kind of ["worker", "resume", "join"] as const) {
    const settings = settle(kind, flags, promoted);
    assert.deepEqual([settings.kind, settings.startedAs], ["manager", "worker"]);
  }
  const neverWas: SavedSettings = { ...born, kind: "worker" };
  assert.throws(() => settle("join", flags, neverWas), { reason: "ALREADY_INITIALISED" });
});
