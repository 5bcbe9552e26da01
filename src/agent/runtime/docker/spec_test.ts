/** What the engine is asked for, and what its inspection means. */
import assert from "node:assert/strict";
import type { ContainerSpec } from "../runtime.ts";
import { createBody, stateFromInspect, updateBody } from "./spec.ts";
import { statsFromEngine } from "./stats.ts";

const SPEC: ContainerSpec = {
  name: "warren-web.1-x-0",
  labels: { a: "b" },
  image: "web:1",
  entrypoint: [],
  command: ["serve"],
  env: { A: "1=2" },
  user: "",
  workdir: "",
  hostname: "",
  limits: { milliCpus: 500, memoryBytes: 64 * 2 ** 20 },
  stopSignal: "",
  binds: [{ source: "/h", target: "/c", readOnly: true }],
  volumes: [{ volume: "data", target: "/data", readOnly: false }],
  ports: [
    { name: "", containerPort: 80, hostPort: 8080, protocol: "tcp", publishMode: "host" },
    { name: "", containerPort: 80, hostPort: 0, protocol: "tcp", publishMode: "host" },
  ],
};

Deno.test("createBody never lets the engine restart, and bounds the log", () => {
  const host = createBody(SPEC, { cpus: 2 })["HostConfig"];
  assert.deepEqual(host, {
    RestartPolicy: { Name: "no" },
    LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
    Mounts: [
      { Type: "bind", Source: "/h", Target: "/c", ReadOnly: true },
      { Type: "volume", Source: "data", Target: "/data", ReadOnly: false },
    ],
    PortBindings: { "80/tcp": [{ HostPort: "8080" }, { HostPort: "" }] },
    NanoCpus: 500_000_000,
    Memory: 64 * 2 ** 20,
    MemorySwap: 64 * 2 ** 20,
  });
});

Deno.test("createBody leaves the image's own choices alone unless told otherwise", () => {
  const body = createBody({ ...SPEC, command: [] }, { cpus: 2 });
  for (const key of ["Entrypoint", "Cmd", "User", "WorkingDir", "Hostname", "StopSignal"]) {
    assert.ok(!(key in body), key);
  }
});

Deno.test("createBody drops a processor limit above what the machine has", () => {
  const body = createBody({ ...SPEC, limits: { milliCpus: 8_000, memoryBytes: 0 } }, { cpus: 2 });
  assert.ok(!JSON.stringify(body).includes("NanoCpus"));
});

Deno.test("updateBody says no limit as the most that can be", () => {
  const body = updateBody({ milliCpus: 0, memoryBytes: 0 }, { cpus: 2 });
  assert.deepEqual(body, { NanoCpus: 2e9, Memory: 2 ** 52, MemorySwap: 2 ** 52 });
});

Deno.test("stateFromInspect reads a running and an ended container", () => {
  const running = stateFromInspect({
    Id: "abc",
    Name: "/web",
    Config: { Labels: { a: "b" } },
    State: {
      Status: "running",
      Pid: 12,
      StartedAt: "2026-01-01T00:00:00.5Z",
      FinishedAt: "0001-01-01T00:00:00Z",
    },
    NetworkSettings: {
      Networks: { bridge: { IPAddress: "172.17.0.2" } },
      Ports: {
        "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "8080" }, { HostIp: "::", HostPort: "8080" }],
        "81/udp": null,
      },
    },
  });
  assert.deepEqual(running.ports, [{ containerPort: 80, hostPort: 8080, protocol: "tcp" }]);
  assert.deepEqual([running.address, running.pid, running.exitCode], ["172.17.0.2", 12, null]);
  assert.equal(running.startedMs, Date.UTC(2026, 0, 1, 0, 0, 0, 500));
  const ended = stateFromInspect({ State: { Status: "exited", ExitCode: 137, OOMKilled: true } });
  assert.deepEqual([ended.status, ended.exitCode, ended.oomKilled], ["exited", 137, true]);
});

Deno.test("stateFromInspect survives an answer without any field", () => {
  assert.equal(stateFromInspect(null).id, "");
});

Deno.test("statsFromEngine leaves reclaimable cache out and knows no limit when there is none", () => {
  const answer = {
    cpu_stats: { cpu_usage: { total_usage: 2_500_000_000 } },
    memory_stats: { usage: 1_000, limit: 5_000, stats: { total_inactive_file: 400 } },
    networks: { eth0: { rx_bytes: 5, tx_bytes: 6 }, eth1: { rx_bytes: 1, tx_bytes: 1 } },
  };
  assert.deepEqual(statsFromEngine(answer, 5_000), {
    cpuSeconds: 2.5,
    memoryBytes: 600,
    memoryLimitBytes: 0,
    networkReceiveBytes: 6,
    networkTransmitBytes: 7,
  });
});
