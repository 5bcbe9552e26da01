/**
 * Further workers on this machine: processes of their own that join with a token over loopback.
 */
import assert from "node:assert/strict";
import { until, WarrenDaemon } from "../harness/warren.ts";

const PROCESS = ["--runtime", "process"];
const RUN = ["--stop-timeout", "0s", "--", "sleep", "100000"];

async function join(manager: WarrenDaemon, name: string, dir?: string): Promise<WarrenDaemon> {
  const { stdout } = await manager.run(["cluster", "join-token", "worker", "-q"]);
  return await WarrenDaemon.start({
    dir,
    command: ["worker", "start", "--manager", manager.ready.listen_addr, "--token", stdout.trim()],
    flags: [...PROCESS, "--node-name", name],
  });
}

Deno.test("worker start joins, takes its share of tasks and survives its own restart", async () => {
  await using manager = await WarrenDaemon.start({ flags: [...PROCESS, "--node-name", "one"] });
  const dir = await Deno.makeTempDir({ prefix: "warren-worker-" });
  let worker = await join(manager, "two", dir);
  try {
    await until("two ready nodes", async () => {
      const nodes = await manager.json(["node", "list"]);
      return nodes.length === 2 &&
        nodes.every((node: { status: string }) => node.status === "ready");
    });
    const create = ["service", "create", "web", "--runtime", "process", "--replicas", "4", ...RUN];
    const made = await manager.run(create);
    assert.equal(made.code, 0, made.stderr);
    const tasks = async () => await manager.json(["task", "list", "--service", "web"]);
    const nodeOf = (task: { node: string }) => task.node;
    assert.deepEqual((await tasks()).map(nodeOf).sort(), ["one", "one", "two", "two"]);
    const before = (await tasks()).map(({ id, restarts }: { id: string; restarts: number }) =>
      `${id} ${restarts}`
    );
    await worker.kill("SIGKILL");
    worker = await WarrenDaemon.start({ dir, command: ["daemon"] });
    await until("the worker to be back", async () => {
      const nodes = await manager.json(["node", "list"]);
      return nodes.every((node: { status: string }) => node.status === "ready");
    });
    const after = (await tasks()).map(({ id, restarts }: { id: string; restarts: number }) =>
      `${id} ${restarts}`
    );
    assert.deepEqual(
      after.sort(),
      before.sort(),
      "the restart of an agent moved or restarted tasks",
    );
    const drained = await manager.run(["node", "drain", "two"]);
    assert.equal(drained.code, 0, drained.stderr);
    await until("every task on one", async () => {
      const live = await tasks();
      return live.length === 4 &&
        live.every((task: { node: string; state: string }) =>
          task.node === "one" && task.state === "running"
        );
    });
    const removed = await manager.run(["service", "rm", "web"]);
    assert.equal(removed.code, 0, removed.stderr);
  } finally {
    await worker.kill("SIGTERM");
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("worker start with a wrong token is refused with the next step", async () => {
  await using manager = await WarrenDaemon.start({ flags: PROCESS });
  await assert.rejects(
    WarrenDaemon.start({
      command: [
        ...["worker", "start", "--manager", manager.ready.listen_addr],
        ...["--token", `WRN1-worker-${"a".repeat(32)}`],
      ],
      flags: PROCESS,
    }),
    /join-token/,
  );
});

Deno.test("cluster init refuses an address that other machines reach, until there is TLS", async () => {
  await assert.rejects(
    WarrenDaemon.start({ flags: [...PROCESS, "--listen-addr", "0.0.0.0:0"] }),
    /loopback|TLS/,
  );
});

Deno.test("a second daemon on the same data directory is refused", async () => {
  const dir = await Deno.makeTempDir({ prefix: "warren-twice-" });
  {
    await using first = await WarrenDaemon.start({ dir, flags: PROCESS });
    assert.ok(first.pid > 0);
    await assert.rejects(WarrenDaemon.start({ dir, flags: PROCESS }), /another/);
  }
  await Deno.remove(dir, { recursive: true });
});
