import assert from "node:assert/strict";
import { realClock, silentLog, VERSION, WarrenError } from "../lib/mod.ts";
import type { ComponentHealth } from "./health.ts";
import { type HttpOptions, startHttp } from "./http.ts";
import { parseHttpAddress } from "./http_address.ts";
import { MetricsRegistry } from "./metrics_registry.ts";

const good: ComponentHealth = { name: "api", isHealthy: true, isReady: true, message: "" };
const waiting: ComponentHealth = {
  name: "raft",
  isHealthy: true,
  isReady: false,
  message: "no leader",
};
const broken: ComponentHealth = {
  name: "store",
  isHealthy: false,
  isReady: false,
  message: "disk full",
};

function start(options: Partial<HttpOptions> = {}) {
  return startHttp({
    address: "127.0.0.1:0",
    registry: new MetricsRegistry(),
    components: () => [good],
    enablePprof: false,
    args: [],
    clock: realClock,
    log: silentLog,
    ...options,
  });
}

async function get(address: string, path: string, init?: RequestInit) {
  const response = await fetch(`http://${address}${path}`, init);
  return { status: response.status, body: await response.text(), headers: response.headers };
}

Deno.test("startHttp serves metrics in the Prometheus text format", async () => {
  const registry = new MetricsRegistry();
  registry.counter({ name: "warren_x_total", help: "X." }).add(3);
  await using http = await start({ registry });
  const { status, body, headers } = await get(http.address, "/metrics");
  assert.equal(status, 200);
  assert.match(headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  assert.match(body, /^warren_x_total 3$/m);
  const head = await get(http.address, "/metrics", { method: "HEAD" });
  assert.deepEqual([head.status, head.body], [200, ""]);
});

Deno.test("startHttp answers health, readiness and liveness from what the parts report", async () => {
  let components = [good];
  await using http = await start({ components: () => components });
  const healthy = await get(http.address, "/health");
  const body = JSON.parse(healthy.body);
  assert.deepEqual(
    [healthy.status, body.status, body.components, body.version, body.uptime],
    [200, "healthy", { api: "healthy" }, VERSION, "0s"],
  );
  assert.ok(Math.abs(Date.parse(body.timestamp) - Date.now()) < 60_000);
  assert.equal((await get(http.address, "/ready")).status, 200);

  components = [good, waiting];
  assert.equal((await get(http.address, "/health")).status, 200);
  const ready = await get(http.address, "/ready");
  assert.deepEqual([ready.status, JSON.parse(ready.body)], [503, {
    status: "not_ready",
    message: "waiting for raft",
    components: { api: "ready", raft: "not ready: no leader" },
  }]);

  components = [broken];
  const unhealthy = await get(http.address, "/health");
  assert.deepEqual(
    [unhealthy.status, JSON.parse(unhealthy.body).status, JSON.parse(unhealthy.body).components],
    [503, "unhealthy", { store: "unhealthy: disk full" }],
  );
  assert.equal((await get(http.address, "/live")).status, 200);
  components = [];
  assert.equal((await get(http.address, "/ready")).status, 503);
});

Deno.test("startHttp refuses other paths, other methods and bodies", async () => {
  await using http = await start();
  assert.equal((await get(http.address, "/")).status, 404);
  assert.equal((await get(http.address, "/metrics/")).status, 404);
  const post = await get(http.address, "/metrics", { method: "POST", body: "x".repeat(1e6) });
  assert.deepEqual([post.status, post.headers.get("allow")], [405, "GET, HEAD"]);
  const off = await get(http.address, "/debug/pprof/");
  assert.deepEqual([off.status, /--enable-pprof/.test(off.body)], [404, true]);
});

Deno.test("startHttp takes an address that is none for the asker's fault", async () => {
  await using http = await start();
  const [hostname = "", port] = http.address.split(":");
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const request = "GET http://[::/metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  await connection.write(new TextEncoder().encode(request));
  const answer = await new Response(connection.readable).text();
  assert.match(answer, /^HTTP\/1.1 400 /);
});

Deno.test("startHttp refuses a request whose headers are too large", async () => {
  await using http = await start();
  const { hostname, port } = parseHttpAddress(http.address);
  using connection = await Deno.connect({ hostname, port });
  const flood = `GET /live HTTP/1.1\r\nHost: x\r\nX: ${"a".repeat(1_000_000)}`;
  await connection.write(new TextEncoder().encode(flood));
  const answer = new Uint8Array(1000);
  const count = await connection.read(answer) ?? 0;
  assert.match(new TextDecoder().decode(answer.subarray(0, count)), /^HTTP\/1.1 4\d\d /);
  assert.equal((await get(http.address, "/live")).status, 200);
});

Deno.test("startHttp names the flag when the address is taken or no address", async () => {
  await using http = await start();
  await assert.rejects(start({ address: http.address }), (error) => {
    assert.ok(error instanceof WarrenError);
    assert.equal(error.reason, "PORT_IN_USE");
    assert.match(`${error.message} ${error.hint}`, /in use .*--metrics-addr/);
    return true;
  });
  for (const address of ["nonsense", "127.0.0.1", "127.0.0.1:99999", "a b:1", "203.0.113.9:1"]) {
    await assert.rejects(start({ address }), (error) => {
      assert.ok(error instanceof WarrenError, String(error));
      assert.deepEqual([error.reason, /--metrics-addr/.test(error.hint ?? "")], ["USAGE", true]);
      return true;
    });
  }
});

Deno.test("startHttp listens nowhere when it is off", async () => {
  await using http = await start({ address: "off" });
  assert.equal(http.address, "off");
});

Deno.test("startHttp stops although a client keeps its connection", async () => {
  const http = await start();
  const { hostname, port } = parseHttpAddress(http.address);
  using connection = await Deno.connect({ hostname, port });
  await connection.write(new TextEncoder().encode("GET /live HTTP/1.1\r\n"));
  const before = performance.now();
  await http[Symbol.asyncDispose]();
  assert.ok(performance.now() - before < 4_000);
});

Deno.test("startHttp reports a page that fails without its inside", async () => {
  await using http = await start({
    components: () => {
      throw new Error("private");
    },
  });
  const { status, body } = await get(http.address, "/health");
  assert.deepEqual([status, /private/.test(body)], [500, false]);
});

Deno.test("startHttp ends a profile when its reader leaves, and lets the next one in", async () => {
  await using http = await start({ enablePprof: true, args: ["worker"] });
  const leave = new AbortController();
  const url = `http://${http.address}/debug/pprof/profile?seconds=300`;
  const first = await fetch(url, { signal: leave.signal });
  assert.equal(first.status, 200);
  assert.equal((await get(http.address, "/debug/pprof/heap")).status, 429);
  leave.abort();
  await assert.rejects(first.arrayBuffer());
  let status = 429;
  for (const end = Date.now() + 5_000; status === 429 && Date.now() < end;) {
    status = (await get(http.address, "/debug/pprof/heap")).status;
  }
  assert.equal(status, 200);
  const redirected = await get(http.address, "/debug/pprof");
  assert.match(redirected.body, /Profiles of this process/);
});

Deno.test("startHttp stops at once although a profile is being taken", async () => {
  const http = await start({ enablePprof: true });
  const profile = await fetch(`http://${http.address}/debug/pprof/profile?seconds=300`);
  const before = performance.now();
  await http[Symbol.asyncDispose]();
  assert.ok(performance.now() - before < 4_000);
  await assert.rejects(profile.arrayBuffer());
});

Deno.test("parseHttpAddress reads names, IPv4, IPv6 and a port alone", () => {
  const seen = ["localhost:1", "127.0.0.1:0", "[::1]:5", ":9", "0.0.0.0:7"].map(parseHttpAddress);
  assert.deepEqual(
    seen.map(({ hostname, port, isLoopback }) => `${hostname} ${port} ${isLoopback}`),
    ["localhost 1 true", "127.0.0.1 0 true", "::1 5 true", "127.0.0.1 9 true", "0.0.0.0 7 false"],
  );
});
