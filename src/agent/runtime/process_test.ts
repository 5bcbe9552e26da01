import assert from "node:assert/strict";
import { createServer } from "node:net";
import { realClock, silentLog, WarrenError } from "../../lib/mod.ts";
import { SHELL_COMMANDS } from "./contract_commands.ts";
import { openCgroupBase } from "./process/cgroup.ts";
import { ProcessRuntime } from "./process.ts";
import type { ContainerSpec, ContainerState, LogLine } from "./runtime.ts";
import {
  type ContractFeature,
  type ContractHarness,
  testRuntimeContract,
} from "./runtime_contract.ts";

const hasCgroup = await openCgroupBase() !== undefined;

const lacks = new Set<ContractFeature>(["images", "bound-ports", "volumes", "binds", "tty"]);
if (!hasCgroup) lacks.add("limit-updates");

interface Scene extends ContractHarness {
  readonly runtime: ProcessRuntime;
  readonly dataDir: string;
  readonly signal: AbortSignal;
  spec(command: readonly string[], extra?: Partial<ContainerSpec>): ContainerSpec;
  run(command: readonly string[], extra?: Partial<ContainerSpec>): Promise<string>;
  state(id: string): Promise<ContainerState>;
  exited(id: string): Promise<ContainerState>;
  output(id: string): Promise<string[]>;
}

async function open(): Promise<Scene> {
  const dataDir = await Deno.makeTempDir({ prefix: "warren-process-" });
  await Deno.chmod(dataDir, 0o711);
  const runtime = await ProcessRuntime.open({ dataDir, clock: realClock, log: silentLog });
  const signal = new AbortController().signal;
  const labels = { run: crypto.randomUUID() };
  const spec: Scene["spec"] = (command, extra = {}) => ({
    name: `warren-${crypto.randomUUID()}`,
    labels,
    image: "",
    entrypoint: [],
    command,
    env: {},
    user: "",
    workdir: "",
    hostname: "",
    limits: { milliCpus: 0, memoryBytes: 0 },
    stopSignal: "",
    binds: [],
    volumes: [],
    ports: [],
    ...extra,
  });
  const state = async (id: string) => {
    const found = await runtime.inspect(id, signal);
    assert.ok(found);
    return found;
  };
  return {
    runtime,
    dataDir,
    signal,
    commands: SHELL_COMMANDS,
    image: "",
    absentImage: "",
    labels,
    lacks,
    spec,
    async run(command, extra) {
      const id = await runtime.create(spec(command, extra), signal);
      await runtime.start(id, signal);
      return id;
    },
    state,
    async exited(id) {
      await until(async () => (await state(id)).status === "exited");
      return await state(id);
    },
    async output(id) {
      const lines: LogLine[] = await Array.fromAsync(
        runtime.logs(id, { follow: false, sinceMs: 0, signal }),
      );
      return lines.map(({ line }) => new TextDecoder().decode(line));
    },
    async [Symbol.asyncDispose]() {
      for (const { id } of await runtime.list({}, signal)) await runtime.remove(id, signal);
      await runtime[Symbol.asyncDispose]();
      await Deno.remove(dataDir, { recursive: true });
    },
  };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = Date.now() + 20_000;
  while (!(await condition())) {
    assert.ok(Date.now() < endMs, "the condition did not come true within 20 s");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A zombie that its new parent has not collected yet is dead. */
async function isAlive(pid: number): Promise<boolean> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "stat=", "-p", `${pid}`] })
    .output();
  const state = new TextDecoder().decode(stdout).trim();
  return state !== "" && !state.startsWith("Z");
}

async function refusal(work: Promise<unknown>, reason: string): Promise<WarrenError> {
  const error = await work.then(() => assert.fail("was not refused"), (thrown) => thrown);
  assert.ok(error instanceof WarrenError, String(error));
  assert.equal(error.reason, reason, error.message);
  return error;
}

const sh = (script: string) => ["/bin/sh", "-c", script];

testRuntimeContract("process", open);

Deno.test("ProcessRuntime keeps a process across the death of its agent, with output and exit code", async () => {
  await using t = await open();
  const agent = `
    import { ProcessRuntime } from ${JSON.stringify(new URL("./process.ts", import.meta.url).href)};
    import { realClock, silentLog } from ${
    JSON.stringify(new URL("../../lib/mod.ts", import.meta.url).href)
  };
    const [dataDir, spec] = Deno.args;
    const runtime = await ProcessRuntime.open({ dataDir, clock: realClock, log: silentLog });
    const signal = new AbortController().signal;
    const id = await runtime.create(JSON.parse(spec), signal);
    await runtime.start(id, signal);
    console.log(id);
    Deno.kill(Deno.pid, "SIGKILL");`;
  const gate = `${t.dataDir}/gate`;
  const spec = t.spec(
    sh(`echo before; while [ ! -e ${gate} ]; do sleep 0.02; done; echo after; exit 9`),
  );
  const script = `${t.dataDir}/agent.ts`;
  await Deno.writeTextFile(script, agent);
  const died = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script, t.dataDir, JSON.stringify(spec)],
  }).output();
  assert.equal(died.signal, "SIGKILL", new TextDecoder().decode(died.stderr));
  const id = new TextDecoder().decode(died.stdout).trim();
  const [adopted] = await t.runtime.list(t.labels, t.signal);
  assert.deepEqual([adopted?.id, adopted?.status], [id, "running"]);
  assert.ok(await isAlive(adopted?.pid ?? 0));
  await t.runtime.start(id, t.signal);
  assert.equal((await t.state(id)).pid, adopted?.pid);
  await Deno.writeTextFile(gate, "");
  assert.equal((await t.exited(id)).exitCode, 9);
  assert.deepEqual(await t.output(id), ["before", "after"]);
});

Deno.test("ProcessRuntime kills what a process started, also what left its session", async () => {
  await using t = await open();
  const id = await t.run(sh("setsid sleep 1000 & echo $!; setsid -f sleep 1001; sleep 1002"));
  await until(async () => (await t.output(id)).length > 0);
  const pid = Number((await t.output(id))[0]);
  const main = (await t.state(id)).pid;
  assert.ok(await isAlive(pid) && await isAlive(main));
  await t.runtime.stop(id, { timeoutMs: 5_000, stopSignal: "", signal: t.signal });
  assert.deepEqual([await isAlive(pid), await isAlive(main)], [false, false]);
  assert.equal((await t.state(id)).exitCode, 143);
});

Deno.test("ProcessRuntime kills the children of a process that ended by itself", async () => {
  await using t = await open();
  const id = await t.run(sh("sleep 1000 & echo $!; exit 4"));
  assert.equal((await t.exited(id)).exitCode, 4);
  assert.equal(await isAlive(Number((await t.output(id))[0])), false);
});

Deno.test("ProcessRuntime reports a process whose supervisor was killed, and kills the process", async () => {
  await using t = await open();
  const id = await t.run(sh("sleep 1000"));
  const { pid } = await t.state(id);
  const record = JSON.parse(await Deno.readTextFile(`${t.dataDir}/process/state/${id}.run.json`));
  const abort = new AbortController();
  const seen: string[] = [];
  const following = (async () => {
    for await (const { containerId, kind } of t.runtime.events(t.labels, abort.signal)) {
      seen.push(`${containerId} ${kind}`);
    }
  })();
  const other = await t.run(sh("sleep 1000"));
  await until(() => seen.includes(`${other} started`));
  Deno.kill(record.supervisorPid, "SIGKILL");
  await until(() => seen.includes(`${id} exited`));
  abort.abort();
  await following;
  const state = await t.state(id);
  assert.deepEqual([state.status, state.exitCode], ["exited", 137]);
  assert.match(state.error, /supervisor was killed/);
  for (const dir of record.cgroupDirs) await assert.rejects(Deno.stat(dir), Deno.errors.NotFound);
  assert.equal(await isAlive(pid), false);
});

Deno.test("ProcessRuntime starts a container again after it ended", async () => {
  await using t = await open();
  const id = await t.run(sh("echo run; exit 2"));
  await t.exited(id);
  await t.runtime.start(id, t.signal);
  await until(async () => (await t.output(id)).length === 2);
  assert.equal((await t.exited(id)).exitCode, 2);
});

Deno.test("ProcessRuntime gives a process nothing of the agent's environment but the path", async () => {
  await using t = await open();
  Deno.env.set("WARREN_TEST_TOKEN", "hidden");
  const id = await t.run(["env"], { env: { A: "1" }, hostname: "h1" });
  Deno.env.delete("WARREN_TEST_TOKEN");
  await t.exited(id);
  const names = (await t.output(id)).map((line) => line.split("=")[0]).sort();
  assert.deepEqual(
    names.filter((name) => name !== "PWD" && name !== "_"),
    ["A", "HOME", "HOSTNAME", "PATH", "WARREN_CONTAINER_ID", "WARREN_ROOT"],
  );
});

Deno.test({
  name: "ProcessRuntime hands no open file or socket of the agent to a process",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using t = await open();
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(`${t.dataDir}/agent.sock`, resolve));
    const id = await t.run(sh("sleep 1000"));
    const { pid } = await t.state(id);
    const fds = [...Deno.readDirSync(`/proc/${pid}/fd`)].map(({ name }) => name).sort();
    assert.deepEqual(fds, ["0", "1", "2"]);
    // Nobody accepts any more once the agent has closed it.
    await new Promise((resolve) => server.close(resolve));
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", `grep -c '${t.dataDir}/agent.sock' /proc/net/unix || true`],
    }).output();
    assert.equal(new TextDecoder().decode(stdout).trim(), "0");
  },
});

Deno.test("ProcessRuntime links files and volumes below the directory that a process starts in", async () => {
  await using t = await open();
  const secret = await Deno.makeTempFile();
  await Deno.writeTextFile(secret, "s3cret\n");
  await t.runtime.ensureVolume({ name: "data", driver: "local" }, t.signal);
  const extra = {
    binds: [{ source: secret, target: "/run/secrets/db", readOnly: true }],
    volumes: [{ volume: "data", target: "/var/lib/data", readOnly: false }],
  };
  const id = await t.run(
    sh('cat run/secrets/db; echo kept > "$WARREN_ROOT/var/lib/data/file"; pwd'),
    extra,
  );
  await t.exited(id);
  assert.deepEqual(await t.output(id), ["s3cret", `${t.dataDir}/process/${id}/files`]);
  await t.runtime.remove(id, t.signal);
  assert.equal(await Deno.readTextFile(`${t.dataDir}/volumes/data/file`), "kept\n");
  assert.equal(await Deno.readTextFile(secret), "s3cret\n");
  await Deno.remove(secret);
});

Deno.test("ProcessRuntime refuses targets that leave the directory or lie in another mount", async () => {
  await using t = await open();
  const make = (...targets: string[]) =>
    t.runtime.create(
      t.spec(["true"], {
        volumes: targets.map((target) => ({ volume: "data", target, readOnly: false })),
      }),
      t.signal,
    );
  for (const targets of [["/../x"], ["x"], ["/"], ["/a/../../b"], ["/a", "/a/b"], ["/a", "/a"]]) {
    await refusal(make(...targets), "INVALID_SPEC");
  }
  const volumes = [{ volume: "../up", target: "/a", readOnly: false }];
  await refusal(t.runtime.create(t.spec(["true"], { volumes }), t.signal), "INVALID_SPEC");
  assert.deepEqual(await t.runtime.list({}, t.signal), []);
  assert.deepEqual(
    (await Array.fromAsync(Deno.readDir(`${t.dataDir}/process`))).map(({ name }) => name),
    ["state"],
  );
});

Deno.test("ProcessRuntime names the holder of a port, and publishes only what a process listens on", async () => {
  await using t = await open();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const containerPort = listener.addr.port;
  const port = {
    name: "",
    containerPort,
    hostPort: 0,
    protocol: "tcp",
    publishMode: "host",
  } as const;
  const id = await t.runtime.create(t.spec(["true"], { ports: [port] }), t.signal);
  const error = await refusal(t.runtime.start(id, t.signal), "PORT_IN_USE");
  assert.match(error.message, new RegExp(`Port ${containerPort} of the node is in use by .*pid`));
  assert.equal((await t.state(id)).status, "created");
  const other = t.spec(["true"], { ports: [{ ...port, hostPort: 1 }] });
  await refusal(t.runtime.create(other, t.signal), "INVALID_SPEC");
  assert.deepEqual((await t.state(id)).ports, [
    { containerPort, hostPort: containerPort, protocol: "tcp" },
  ]);
});

Deno.test("ProcessRuntime refuses what it cannot run in plain words", async () => {
  await using t = await open();
  await refusal(t.runtime.create(t.spec([]), t.signal), "INVALID_SPEC");
  const signal = t.spec(["true"], { stopSignal: "SIGNONSENSE" });
  await refusal(t.runtime.create(signal, t.signal), "INVALID_SPEC");
  const user = t.spec(["true"], { user: "nobody-of-that-name" });
  await refusal(t.runtime.create(user, t.signal), "INVALID_SPEC");
  const cases = [
    [t.spec(["no-such-program"]), /not found/],
    [t.spec(["/etc/passwd"]), /Permission denied/],
    [t.spec(["true"], { workdir: "/no/such/dir" }), /No such cwd/],
  ] as const;
  for (const [spec, words] of cases) {
    const id = await t.runtime.create(spec, t.signal);
    assert.match((await refusal(t.runtime.start(id, t.signal), "COMMAND_FAILED")).message, words);
    assert.match((await t.state(id)).error, words);
  }
  await refusal(t.runtime.ensureVolume({ name: "v", driver: "nfs" }, t.signal), "INVALID_SPEC");
});

Deno.test({
  name: "ProcessRuntime runs as the user that it is told, who owns the directory it starts in",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using t = await open();
    const id = await t.run(sh("id -u; id -g; id -G; echo x > file && echo wrote"), {
      user: "nobody",
    });
    await t.exited(id);
    const [uid, gid, groups, wrote] = await t.output(id);
    assert.deepEqual([uid === "0", gid, wrote], [false, groups, "wrote"]);
    const numeric = await t.run(sh("id -u; id -g"), { user: "4321:1234" });
    await t.exited(numeric);
    assert.deepEqual(await t.output(numeric), ["4321", "1234"]);
  },
});

Deno.test({
  name: "ProcessRuntime measures the cpu time and memory of everything in a container",
  async fn() {
    await using t = await open();
    const id = await t.run(sh("i=0; while true; do i=$((i+1)); done & wait"));
    await until(async () => ((await t.runtime.stats(id, t.signal))?.cpuSeconds ?? 0) > 0.2);
    assert.ok(((await t.runtime.stats(id, t.signal))?.memoryBytes ?? 0) > 0);
  },
});

Deno.test({
  name: "ProcessRuntime slows a process down to its cpu limit",
  ignore: !hasCgroup,
  async fn() {
    await using t = await open();
    const limits = { milliCpus: 100, memoryBytes: 0 };
    const startedMs = performance.now();
    const id = await t.run(sh("while true; do :; done"), { limits });
    await until(() => performance.now() - startedMs > 1_000);
    const used = (await t.runtime.stats(id, t.signal))?.cpuSeconds ?? 1;
    assert.ok(used < 0.5 * (performance.now() - startedMs) / 1000, `${used} s`);
  },
});

Deno.test("ProcessRuntime bounds the output on disk and reads the newest of it", async () => {
  await using t = await open();
  const id = await t.run(
    sh(
      "i=0; while [ $i -lt 13 ]; do head -c 1000000 /dev/zero | tr '\\0' x; echo $i; i=$((i+1)); done",
    ),
  );
  await t.exited(id);
  let bytes = 0;
  for await (const { name } of Deno.readDir(`${t.dataDir}/process/${id}`)) {
    if (name.endsWith(".log")) {
      bytes += (await Deno.stat(`${t.dataDir}/process/${id}/${name}`)).size;
    }
  }
  assert.ok(bytes > 5e6 && bytes < 11e6, String(bytes));
  const options = { follow: false, tail: 1, sinceMs: 0, signal: t.signal };
  const [last] = await Array.fromAsync(t.runtime.logs(id, options));
  assert.match(new TextDecoder().decode(last?.line), /x12$/);
});

Deno.test("ProcessRuntime follows output across rotated files", async () => {
  await using t = await open();
  const id = await t.run(
    sh(
      "i=0; while [ $i -lt 60000 ]; do echo $i 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789; i=$((i+1)); done",
    ),
  );
  let next = 0;
  for await (const { line } of t.runtime.logs(id, { follow: true, sinceMs: 0, signal: t.signal })) {
    assert.equal(new TextDecoder().decode(line).split(" ")[0], String(next++));
  }
  assert.equal(next, 60_000);
});

const hasScript = await Deno.stat("/usr/bin/script").then(() => true, () => false);

Deno.test({
  name: "ProcessRuntime lends a command a terminal of a size that may change",
  ignore: !hasScript,
  async fn() {
    await using t = await open();
    const id = await t.run(sh("sleep 1000"));
    const session = await t.runtime.exec(id, {
      command: sh('stty size; read line; stty size; tty >/dev/null && echo "it\'s $line"; exit 3'),
      tty: true,
      stdin: true,
      env: {},
      user: "",
      workdir: "",
      columns: 80,
      rows: 24,
      signal: t.signal,
    });
    let text = "";
    for await (const { data } of session.output) {
      text += new TextDecoder().decode(data);
      if (text === "24 80\r\n") {
        await session.resize(101, 33);
        await session.write(new TextEncoder().encode("ok\n"));
      }
    }
    assert.match(text, /24 80[^]*33 101[^]*it's ok/);
    assert.equal(await session.exitCode, 3);
  },
});

Deno.test("ProcessRuntime kills commands inside together with their container", async () => {
  await using t = await open();
  const id = await t.run(sh("sleep 1000"));
  const session = await t.runtime.exec(id, {
    command: sh("sleep 1000"),
    tty: false,
    stdin: false,
    env: {},
    user: "",
    workdir: "",
    columns: 0,
    rows: 0,
    signal: t.signal,
  });
  const reading = Array.fromAsync(session.output);
  await t.runtime.remove(id, t.signal);
  await reading;
  assert.equal(await session.exitCode, 137);
});

Deno.test("ProcessRuntime says how limits are kept and what the machine has", async () => {
  await using t = await open();
  const info = await t.runtime.info(t.signal);
  assert.match(info.engine, hasCgroup ? /^process \(limits by cgroup v[12]\)$/ : /watching/);
  assert.ok(info.resources.milliCpus >= 100 && info.resources.memoryBytes > 1e8);
});
