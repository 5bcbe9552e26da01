/**
 * Services in real containers through the command line: what a user asks for is what the engine has,
 * and what cannot be done is said in plain words.
 */
import assert from "node:assert/strict";
import { containersOf, docker, removeLabelled, testImage } from "../harness/docker.ts";
import { until, WarrenDaemon } from "../harness/warren.ts";

const LONG = ["--stop-timeout", "0s", "--", "sleep", "100000"];

/** One daemon for the file, since each test uses services of its own. */
async function withDaemon(
  work: (warren: WarrenDaemon, image: string) => Promise<void>,
): Promise<void> {
  const image = await testImage();
  await using warren = await WarrenDaemon.start({ flags: ["--runtime", "docker"] });
  const { clusterId } = await warren.json(["cluster", "info"]);
  try {
    await work(warren, image);
  } finally {
    await removeLabelled(clusterId);
  }
}

async function must(warren: WarrenDaemon, ...args: string[]): Promise<string> {
  const done = await warren.run(args);
  assert.equal(done.code, 0, `warren ${args.join(" ")}: ${done.stderr}`);
  return done.stdout;
}

async function containerOf(warren: WarrenDaemon, service: string): Promise<string> {
  const [task] = await warren.json(["task", "list", "--service", service]);
  const { containerId } = await warren.json(["task", "inspect", task.id]);
  return containerId;
}

// deno-lint-ignore no-explicit-any
async function inspected(id: string): Promise<any> {
  return JSON.parse(await docker("inspect", id))[0];
}

Deno.test("service create hands everything it was told to the engine", async () => {
  await withDaemon(async (warren, image) => {
    await must(
      warren,
      ...["service", "create", "full", "--image", image, "-e", "LEVEL=high", "--env", "EMPTY="],
      ...["--cpus", "0.5", "--memory", "64m", "--user", "1000:1000", "--workdir", "/tmp"],
      ...["--hostname", "rabbit", "-v", "burrow:/data", "-p", "18080:80", "--label", "team=a"],
      ...["--stop-signal", "SIGINT", "--restart", "on-failure", ...LONG],
    );
    const found = await inspected(await containerOf(warren, "full"));
    assert.ok(found.Config.Env.includes("LEVEL=high"));
    assert.ok(found.Config.Env.includes("EMPTY="));
    assert.deepEqual(found.Config.Cmd, ["sleep", "100000"]);
    assert.equal(found.Config.User, "1000:1000");
    assert.equal(found.Config.WorkingDir, "/tmp");
    assert.equal(found.Config.Hostname, "rabbit");
    assert.equal(found.Config.StopSignal, "SIGINT");
    assert.equal(found.HostConfig.NanoCpus, 500_000_000);
    assert.equal(found.HostConfig.Memory, 64 * 1024 * 1024);
    assert.equal(found.HostConfig.PortBindings["80/tcp"][0].HostPort, "18080");
    assert.equal(found.Mounts[0].Destination, "/data");
    const [listed] = await warren.json(["service", "list"]);
    assert.equal(listed.name, "full");
    assert.equal(listed.mode, "replicated");
    assert.deepEqual(listed.replicas, { desired: 1, running: 1 });
    assert.equal(listed.image, image);
    const [task] = await warren.json(["task", "list", "--service", "full"]);
    assert.equal(task.service, "full");
    assert.equal(task.state, "running");
    assert.equal(task.desiredState, "running");
    assert.equal(task.restarts, 0);
  });
});

Deno.test("service scale, update and rm leave just the containers that are asked for", async () => {
  await withDaemon(async (warren, image) => {
    const { clusterId } = await warren.json(["cluster", "info"]);
    await must(warren, "service", "create", "web", "--image", image, "--replicas", "2", ...LONG);
    assert.equal((await containersOf(clusterId)).length, 2);
    await must(warren, "service", "scale", "web=3");
    assert.equal((await warren.json(["service", "list"]))[0].replicas.running, 3);
    await must(warren, "service", "scale", "web=1");
    await until("two containers to go", async () => (await containersOf(clusterId)).length === 1);
    const before = await containerOf(warren, "web");
    await must(warren, "service", "update", "web", "--memory", "32m");
    assert.equal(await containerOf(warren, "web"), before, "a limit is changed in place");
    assert.equal((await inspected(before)).HostConfig.Memory, 32 * 1024 * 1024);
    await must(warren, "service", "update", "web", "--env", "A=1", "--update-monitor", "0s");
    const after = await containerOf(warren, "web");
    assert.notEqual(after, before, "an environment needs a new container");
    assert.ok((await inspected(after)).Config.Env.includes("A=1"));
    await must(warren, "service", "rollback", "web");
    assert.ok(!(await inspected(await containerOf(warren, "web"))).Config.Env.includes("A=1"));
    await must(warren, "service", "rm", "web");
    await until("every container to go", async () => (await containersOf(clusterId)).length === 0);
    const gone = await warren.run(["service", "inspect", "web"]);
    assert.equal(gone.code, 4);
  });
});

Deno.test("service create says why a container does not run, with its last lines", async () => {
  await withDaemon(async (warren, image) => {
    const missing = await warren.run(
      ["service", "create", "noimage", "--image", "127.0.0.1:1/none:1", "--timeout", "20s"],
    );
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /127\.0\.0\.1:1\/none:1/);
    const exits = await warren.run([
      ...["service", "create", "exits", "--image", image, "--restart", "none", "--"],
      ...["sh", "-c", "echo the config is missing; exit 3"],
    ]);
    assert.equal(exits.code, 1);
    assert.match(exits.stderr, /the config is missing/);
    assert.match(exits.stderr, /exit(ed with)?( code)? 3/);
    const absent = await warren.run(
      ["service", "create", "absent", "--image", image, "--restart", "none", "--", "/no/such"],
    );
    assert.equal(absent.code, 1);
    assert.match(absent.stderr, /\/no\/such/);
    using listener = Deno.listen({ hostname: "0.0.0.0", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    const taken = await warren.run([
      ...["service", "create", "taken", "--image", image, "--restart", "none", "-p", `${port}:80`],
      ...LONG,
    ]);
    assert.equal(taken.code, 1);
    assert.match(taken.stderr, new RegExp(`port ${port}`, "i"));
    const why = await warren.run(["why", "exits"]);
    assert.equal(why.code, 0);
    assert.match(why.stdout, /the config is missing/);
  });
});

Deno.test("service create with two replicas on one fixed port says which change would place it", async () => {
  await withDaemon(async (warren, image) => {
    const done = await warren.run([
      ...["service", "create", "pair", "--image", image, "--replicas", "2", "-p", "18081:80"],
      ...["--timeout", "30s", ...LONG],
    ]);
    assert.equal(done.code, 1);
    assert.match(done.stderr, /18081/);
    const [service] = await warren.json(["service", "list"]);
    assert.deepEqual(service.replicas, { desired: 2, running: 1 });
    assert.match((await warren.run(["why", "pair"])).stdout, /18081/);
  });
});

Deno.test("secret reaches the container as a memory-backed file and nothing else", async () => {
  await withDaemon(async (warren, image) => {
    const value = `hop-${crypto.randomUUID()}`;
    const made = await warren.run(["secret", "create", "carrot", "-"], value);
    assert.equal(made.code, 0, made.stderr);
    await must(warren, "config", "create", "motd", "--from-literal", "hello burrow");
    await must(
      warren,
      ...["service", "create", "vault", "--image", image, "--secret", "carrot"],
      ...["--config", "motd:/etc/motd", ...LONG],
    );
    assert.equal(await must(warren, "exec", "vault", "--", "cat", "/run/secrets/carrot"), value);
    assert.equal(await must(warren, "exec", "vault", "--", "cat", "/etc/motd"), "hello burrow");
    const mounts = await must(warren, "exec", "vault", "--", "cat", "/proc/mounts");
    assert.match(mounts, /tmpfs \/run\/secrets/);
    assert.ok(!(await docker("inspect", await containerOf(warren, "vault"))).includes(value));
    const grep = await new Deno.Command("grep", { args: ["-r", value, warren.dir] }).output();
    assert.equal(grep.code, 1, "the secret lies on disk");
    assert.ok(!warren.lines.some((line) => line.includes(value)), "the secret is in the log");
    const events = await must(warren, "events", "--no-follow", "--since", "0");
    assert.ok(!events.includes(value), "the secret is in an event");
    assert.ok(!(await must(warren, "secret", "inspect", "carrot")).includes(value));
    const inUse = await warren.run(["secret", "rm", "carrot"]);
    assert.equal(inUse.code, 1);
    assert.match(inUse.stderr, /vault/);
  });
});

Deno.test("health check gates running, and an unhealthy container is restarted", async () => {
  await withDaemon(async (warren, image) => {
    await must(
      warren,
      ...["service", "create", "sick", "--image", image, "--health-cmd", "cat /tmp/well"],
      ...["--health-interval", "1s", "--health-retries", "2", "--health-start-period", "60s"],
      ...["--restart-delay", "0s", "--detach", "--stop-timeout", "0s", "--"],
      ...["sh", "-c", "sleep 2; echo ok >/tmp/well; sleep 100000"],
    );
    const early = (await warren.json(["task", "list", "--service", "sick"]))[0];
    assert.notEqual(early.state, "running");
    const state = async () => (await warren.json(["task", "list", "--service", "sick"]))[0];
    await until("it to be healthy", async () => (await state()).state === "running");
    await must(warren, "exec", "sick", "--", "sh", "-c", "rm /tmp/well 2>/dev/null; :>/tmp/gone");
    const id = await containerOf(warren, "sick");
    await docker("exec", id, "/bin/busybox", "rm", "-f", "/tmp/well");
    await until("a restart", async () => (await state()).restarts === 1);
    await until("it to be healthy again", async () => (await state()).state === "running");
  });
});

Deno.test("a killed container is started again, and a graceful restart touches none", async () => {
  const image = await testImage();
  const dir = await Deno.makeTempDir({ prefix: "warren-restart-" });
  const flags = ["--runtime", "docker"];
  let warren = await WarrenDaemon.start({ dir, flags });
  const { clusterId } = await warren.json(["cluster", "info"]);
  try {
    await must(
      warren,
      ...["service", "create", "web", "--image", image, "--restart-delay", "0s", ...LONG],
    );
    await docker("kill", await containerOf(warren, "web"));
    await until("the restart", async () => {
      const [task] = await warren.json(["task", "list", "--service", "web"]);
      return task.restarts === 1 && task.state === "running";
    });
    const before = await containerOf(warren, "web");
    const startedAt = (await inspected(before)).State.StartedAt;
    assert.equal(await warren.kill("SIGTERM"), 0);
    assert.equal((await inspected(before)).State.Running, true, "containers run on without Warren");
    warren = await WarrenDaemon.start({ dir, flags });
    await until("the adoption", async () => await containerOf(warren, "web") === before);
    assert.equal((await inspected(before)).State.StartedAt, startedAt);
  } finally {
    await warren.kill("SIGTERM");
    await removeLabelled(clusterId);
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("logs and exec reach into a task, and exec gives the command's own exit code", async () => {
  await withDaemon(async (warren, image) => {
    await must(
      warren,
      ...["service", "create", "talk", "--image", image, "--stop-timeout", "0s", "--"],
      ...["sh", "-c", "echo one; echo two >&2; echo three; sleep 100000"],
    );
    const output = await until("the output", async () => {
      const done = await warren.run(["service", "logs", "talk"]);
      return done.stdout.includes("three") && done;
    });
    assert.match(output.stdout, /one[\s\S]*three/);
    assert.match(output.stderr, /two/, "the error output is kept apart");
    const tail = await must(warren, "logs", "talk", "--tail", "1");
    assert.ok(!tail.includes("one"));
    const failed = await warren.run(["exec", "talk", "--", "sh", "-c", "echo out; exit 7"]);
    assert.equal(failed.code, 7);
    assert.equal(failed.stdout, "out\n");
    const piped = await warren.run(["exec", "-i", "talk", "--", "cat"], "through the wire");
    assert.equal(piped.stdout, "through the wire");
  });
});
