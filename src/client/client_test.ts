/** The client against a real socket, and against nobody. */
import assert from "node:assert/strict";
import { ManualClock, noMetrics, realClock, silentLog, WarrenError } from "../lib/mod.ts";
import { ClusterServiceService } from "../rpc/gen/warren/v1/cluster.ts";
import { createRpcServer, serve } from "../rpc/mod.ts";
import { chooseHost, connect, defaultSocketPath } from "./mod.ts";

/** A refused connection leaves a short timer of the transport's own behind. */
const REFUSED = { sanitizeOps: false, sanitizeResources: false };

async function reasonOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    assert(error instanceof WarrenError, String(error));
    return error.reason;
  }
  return "nothing failed";
}

function clusterServer() {
  const server = createRpcServer({ log: silentLog, metrics: noMetrics, clock: realClock });
  server.addService(serve(ClusterServiceService, {
    getClusterInfo: () => {
      throw new WarrenError("NOT_INITIALISED", "There is no cluster here yet");
    },
    getJoinToken: ({ role }) => ({ token: role }),
    joinManager: () => ({ clusterId: "", dataKey: Buffer.of(), members: [] }),
    transferLeader: ({ ref }) => ({ leaderId: ref }),
    backup: () => Promise.resolve(),
  }));
  return server;
}

Deno.test("every method of the API is there, and answers or says why not", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/api.sock`;
  await using server = clusterServer();
  await server.listen({ kind: "unix", path });
  const client = await connect(`unix://${path}`);
  assert.equal(client.address, `unix://${path}`);
  assert.equal((await client.getJoinToken({ role: "worker", rotate: false })).token, "worker");
  assert.equal(await reasonOf(client.getClusterInfo({})), "NOT_INITIALISED");
  assert.equal(await reasonOf(client.listNodes({ stale: false })), "UNKNOWN_METHOD");
  assert.equal(
    await reasonOf(Array.fromAsync(client.watchService({ ref: "web" }))),
    "UNKNOWN_METHOD",
  );
  const silent = (async function* () {})();
  assert.equal(await reasonOf(Array.fromAsync(client.exec(silent))), "UNKNOWN_METHOD");
  client.close();
  await server.stop();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a bad address is a usage error before anything is dialled", async () => {
  assert.equal(await reasonOf(connect("nonsense")), "USAGE");
});

Deno.test("the local socket is that of the machine as root and the user's own otherwise", () => {
  const env = (values: Record<string, string>) => (name: string) => values[name];
  const runtime = { XDG_RUNTIME_DIR: "/run/user/1000/", HOME: "/home/me" };
  assert.equal(defaultSocketPath({ uid: 0, env: env(runtime) }), "/var/run/warren.sock");
  assert.equal(defaultSocketPath({ uid: 1000, env: env(runtime) }), "/run/user/1000/warren.sock");
  const home = { HOME: "/home/me" };
  assert.equal(defaultSocketPath({ uid: 1000, env: env(home) }), "/home/me/.warren/warren.sock");
  assert.equal(defaultSocketPath({ uid: 1000, env: env({}) }), "/tmp/warren-1000/warren.sock");
  const remote = { uid: 0, env: env({ WARREN_HOST: "m1:2377" }) };
  assert.equal(chooseHost(undefined, remote), "m1:2377");
  assert.equal(chooseHost("m2:2377", remote), "m2:2377");
  assert.equal(chooseHost("", { uid: 0, env: env({}) }), "unix:///var/run/warren.sock");
});

Deno.test("a call waits a moment for a manager that is just starting", REFUSED, async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/api.sock`;
  const script = `Deno.listen({ transport: "unix", path: ${JSON.stringify(path)} }); Deno.exit(0);`;
  await new Deno.Command(Deno.execPath(), { args: ["eval", script] }).output();
  const client = await connect(`unix://${path}`);
  const call = client.getJoinToken({ role: "worker", rotate: false });
  await using server = clusterServer();
  await server.listen({ kind: "unix", path });
  assert.equal((await call).token, "worker");
  client.close();
  await server.stop();
  await Deno.remove(folder, { recursive: true });
});

Deno.test(
  "nobody at the address is CLUSTER_UNREACHABLE, at once for a missing socket",
  REFUSED,
  async () => {
    // A clock that stands still: a second attempt would never come.
    const client = await connect("unix:///nonexistent/warren.sock", { clock: new ManualClock() });
    assert.equal(await reasonOf(client.listServices({ stale: false })), "CLUSTER_UNREACHABLE");
    client.close();
  },
);

/** Servers of one socket each, whose answers to GetJoinToken a test gives. */
async function withServers(
  answers: readonly ((requestId: string) => string)[],
  body: (addresses: readonly string[]) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  await using stack = new AsyncDisposableStack();
  const addresses: string[] = [];
  for (const [at, answer] of answers.entries()) {
    const server = createRpcServer({ log: silentLog, metrics: noMetrics, clock: realClock });
    server.addService(serve({ getJoinToken: ClusterServiceService.getJoinToken }, {
      getJoinToken: (_request, { requestId }) => ({ token: answer(requestId) }),
    }));
    const path = `${folder}/${at}.sock`;
    await server.listen({ kind: "unix", path });
    stack.defer(() => server.stop());
    addresses.push(`unix://${path}`);
  }
  await body(addresses);
  await stack.disposeAsync();
  await Deno.remove(folder, { recursive: true });
}

const ASKED = { role: "worker", rotate: true };

Deno.test(
  "a client of several managers asks the next one when one is away or has no leader",
  REFUSED,
  async () => {
    const asked: number[] = [];
    const unled = () => {
      asked.push(1);
      throw new WarrenError("NO_LEADER", "No leader here");
    };
    await withServers([unled, () => "good"], async (addresses) => {
      const client = await connect(["/nonexistent/w.sock", ...addresses].join(","));
      assert.equal((await client.getJoinToken(ASKED)).token, "good");
      assert.equal((await client.getJoinToken(ASKED)).token, "good");
      assert.deepEqual(asked, [1], "who answered last is asked first");
      client.close();
      const fault = await reasonOf(connect(`${addresses[0]},,`));
      assert.equal(fault, "USAGE");
    });
  },
);

Deno.test(
  "a change that is repeated has one request id, and each change its own",
  REFUSED,
  async () => {
    const seen: string[] = [];
    const answer = (requestId: string) => {
      seen.push(requestId);
      if (seen.length < 3) throw new WarrenError("UNKNOWN_OUTCOME", "The leader was lost");
      return "done";
    };
    const told: string[] = [];
    await withServers([answer], async ([address]) => {
      const client = await connect(address, { onRetry: ({ reason }) => told.push(reason) });
      await client.getJoinToken(ASKED);
      await client.getJoinToken(ASKED);
      client.close();
      assert.equal(new Set(seen.slice(0, 3)).size, 1);
      assert.match(seen[0] ?? "", /^[0-9a-z]{25}$/);
      assert.notEqual(seen[3], seen[0]);
      assert.deepEqual(told, ["UNKNOWN_OUTCOME"], "once per call");
    });
  },
);
