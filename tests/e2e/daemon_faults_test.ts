/**
 * Daemons under what operators and machines do to them: wrong addresses, signals at bad moments, a
 * paused process, a node that is removed. And what clients of other makers find: health, reflection.
 */
import assert from "node:assert/strict";
import { Client, credentials } from "@grpc/grpc-js";
import { HealthService } from "../../src/rpc/gen/grpc/health/v1/health.ts";
import { ServerReflectionService } from "../../src/rpc/gen/grpc/reflection/v1/reflection.ts";
import { openChannel, parseAddress } from "../../src/rpc/mod.ts";
import { runWarren, until, warrenCommand, WarrenDaemon } from "../harness/warren.ts";

const PROCESS = ["--runtime", "process", "--node-name", "one"];
const SLEEP = ["--runtime", "process", "--stop-timeout", "0s", "--", "sleep", "100000"];

/** What a daemon that must not come up says before it ends. */
async function refusal(flags: readonly string[]): Promise<string> {
  const dir = await Deno.makeTempDir({ prefix: "warren-refused-" });
  try {
    const done = await runWarren([
      ...["cluster", "init", "--data-dir", `${dir}/data`, "--log-format", "json"],
      ...["--runtime", "fake"],
      ...(flags.includes("--socket") ? [] : ["--socket", `${dir}/s`]),
      ...(flags.includes("--listen-addr") ? [] : ["--listen-addr", "127.0.0.1:0"]),
      ...(flags.includes("--metrics-addr") ? [] : ["--metrics-addr", "off"]),
      ...flags,
    ]);
    assert.notEqual(done.code, 0);
    assert.ok(!done.stderr.includes("    at "), done.stderr);
    return done.stderr;
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("a port or socket that cannot be had is refused with the flag that names another", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${taken.addr.port}`;
  assert.match(await refusal(["--listen-addr", address]), /another with --listen-addr.*in use/);
  assert.match(await refusal(["--metrics-addr", address]), /another with --metrics-addr.*in use/);
  const long = `/tmp/${"x".repeat(120)}.sock`;
  assert.match(await refusal(["--socket", long]), /shorter --socket.*130 bytes/);
  assert.match(await refusal(["--socket", "/proc/warren.sock"]), /another with --socket/);
});

Deno.test("SIGHUP stops a daemon gracefully, and not one that was started with nohup", async () => {
  const daemon = await WarrenDaemon.start({ flags: PROCESS });
  assert.equal(await daemon.kill("SIGHUP"), 0);
  assert.ok(daemon.lines.some((line) => line.includes('"signal":"SIGHUP"')));
  await Deno.remove(daemon.dir, { recursive: true });

  const dir = await Deno.makeTempDir({ prefix: "warren-nohup-" });
  const [program, ...before] = warrenCommand();
  const child = new Deno.Command("nohup", {
    args: [
      ...[
        program,
        ...before,
        "cluster",
        "init",
        "--data-dir",
        `${dir}/data`,
        "--log-format",
        "json",
      ],
      ...["--socket", `${dir}/s`, "--listen-addr", "127.0.0.1:0", "--metrics-addr", "off"],
      ...["--runtime", "fake"],
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const env = { WARREN_HOST: `unix://${dir}/s` };
  const answers = async () => (await runWarren(["cluster", "info"], { env })).code === 0;
  await until("the daemon to answer", answers);
  child.kill("SIGHUP");
  assert.ok(await answers());
  child.kill("SIGTERM");
  assert.equal((await child.status).code, 0);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("a signal in the middle of a start ends it, and a second one at once", async () => {
  const dir = await Deno.makeTempDir({ prefix: "warren-early-" });
  const [program, ...before] = warrenCommand();
  const worker = (signals: readonly Deno.Signal[]) => {
    const child = new Deno.Command(program, {
      args: [
        ...[...before, "worker", "start", "--manager", "127.0.0.1:1", "--token", "WRN1-worker-x"],
        ...["--data-dir", `${dir}/data`, "--metrics-addr", "off", "--log-format", "json"],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    return (async () => {
      let said = "";
      for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
        if (said === "") { for (const signal of signals) child.kill(signal); }
        said += text;
      }
      return (await child.status).code;
    })();
  };
  const startedMs = performance.now();
  assert.equal(await worker(["SIGTERM"]), 0, "it waits for a manager that is not there");
  assert.ok([0, 1].includes(await worker(["SIGINT", "SIGINT"])));
  assert.ok(performance.now() - startedMs < 20_000);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("a manager that stood still takes no node for down, and moves no task", async () => {
  await using daemon = await WarrenDaemon.start({ flags: PROCESS });
  const made = await daemon.run(["service", "create", "web", "--replicas", "2", ...SLEEP]);
  assert.equal(made.code, 0, made.stderr);
  const tasks = async () =>
    (await daemon.json(["task", "list"])).map((task: { id: string; restarts: number }) =>
      `${task.id} ${task.restarts}`
    ).sort();
  const before = await tasks();
  Deno.kill(daemon.pid, "SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, 12_000)); // longer than a node's timeout
  Deno.kill(daemon.pid, "SIGCONT");
  await until(
    "the manager to notice",
    () => Promise.resolve(daemon.lines.some((line) => line.includes("stood still"))),
  );
  await until("the node to be ready", async () => {
    const [node] = await daemon.json(["node", "list"]);
    return node.status === "ready";
  });
  assert.deepEqual(await tasks(), before);
  const events = await daemon.run(["events", "--no-follow", "--since", "0"]);
  assert.ok(!/node\.down|task\.orphaned/.test(events.stdout), events.stdout);
  await daemon.run(["service", "rm", "web"]);
});

Deno.test("node rm ends the tasks of a worker, now or when it comes back, and its daemon says why", async () => {
  await using manager = await WarrenDaemon.start({ flags: PROCESS });
  const { stdout: token } = await manager.run(["cluster", "join-token", "worker", "-q"]);
  const join = [
    ...["worker", "start", "--manager", manager.ready.listen_addr],
    ...["--token", token.trim()],
  ];
  for (const isAway of [false, true]) {
    const dir = await Deno.makeTempDir({ prefix: "warren-removed-" });
    const name = isAway ? "away" : "here";
    const flags = ["--runtime", "process", "--node-name", name];
    const worker = await WarrenDaemon.start({ dir, command: join, flags });
    await until(
      "the worker to be ready",
      async () =>
        (await manager.json(["node", "list"])).some((node: { name: string; status: string }) =>
          node.name === name && node.status === "ready"
        ),
    );
    const marker = `100${isAway ? 1 : 2}${manager.pid}`;
    const made = await manager.run([
      ...["service", "create", name, "--runtime", "process", "--constraint", `node.name==${name}`],
      ...["--stop-timeout", "0s", "--", "sleep", marker],
    ]);
    assert.equal(made.code, 0, made.stderr);
    assert.equal(await countProcesses(marker), 1);
    if (isAway) await worker.kill("SIGTERM");
    assert.equal(await countProcesses(marker), 1, "a worker that stops leaves its tasks running");
    const removed = await manager.run(["node", "rm", "--force", name]);
    assert.equal(removed.code, 0, removed.stderr);
    const said = isAway
      ? await WarrenDaemon.start({ dir, command: ["daemon"], flags: [] }).then(ended, String)
      : await ended(worker);
    assert.match(said, /removed from the cluster/);
    await until("its tasks to end", async () => await countProcesses(marker) === 0);
    await manager.run(["service", "rm", "--detach", name]);
    await Deno.remove(dir, { recursive: true });
  }
});

/** The log of a daemon that ends by itself. */
async function ended(daemon: WarrenDaemon): Promise<string> {
  await until(
    "the daemon to say that it cannot go on",
    () => Promise.resolve(daemon.lines.some((line) => line.includes("cannot go on"))),
  );
  await daemon.kill("SIGKILL");
  return daemon.lines.join("\n");
}

async function countProcesses(marker: string): Promise<number> {
  let count = 0;
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const line = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
    if (line.endsWith(`sleep\0${marker}\0`)) count++;
  }
  return count;
}

Deno.test("health and reflection answer a plain gRPC client", async () => {
  const daemon = await WarrenDaemon.start({ flags: ["--runtime", "fake"] });
  const client = new Client(daemon.ready.listen_addr, credentials.createInsecure());
  const check = (service: string) =>
    new Promise<number>((resolve, reject) => {
      const { path, requestSerialize, responseDeserialize } = HealthService.check;
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        { service },
        (error, got) => error ? reject(error) : resolve(got?.status ?? -1),
      );
    });
  assert.deepEqual([await check(""), await check("warren.v1.ServiceService")], [1, 1]);
  await assert.rejects(check("nobody.Service"), /NOT_FOUND/);

  const channel = openChannel(parseAddress(daemon.ready.listen_addr));
  const asking = channel.bidi(ServerReflectionService.serverReflectionInfo);
  await asking.write({ host: "", messageRequest: { $case: "listServices", value: "" } });
  asking.end();
  const [answer] = await Array.fromAsync(asking.responses);
  assert.ok(answer?.messageResponse?.$case === "listServicesResponse");
  const names = answer.messageResponse.value.service.map(({ name }) => name);
  for (
    const name of ["warren.v1.ServiceService", "warren.v1.AgentService", "grpc.health.v1.Health"]
  ) {
    assert.ok(names.includes(name), name);
  }

  const seen: number[] = [];
  const watching = (async () => {
    const watch = channel.serverStream(HealthService.watch, { service: "" });
    for await (const { status } of watch) {
      seen.push(status);
      if (seen.length === 1) void daemon.kill("SIGTERM");
    }
  })();
  await watching.catch(() => {}); // the stream ends with the manager
  assert.equal(seen[0], 1, "SERVING");
  channel.close();
  client.close();
  await daemon.kill("SIGTERM");
  await Deno.remove(daemon.dir, { recursive: true });
});
