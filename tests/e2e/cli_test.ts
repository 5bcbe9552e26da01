/**
 * The command line as scripts meet it: exit codes, JSON, streams and signals, on the process runtime.
 */
import assert from "node:assert/strict";
import { runWarren, until, warrenCommand, WarrenDaemon } from "../harness/warren.ts";

const PROCESS = ["--runtime", "process"];
const RUN = ["--stop-timeout", "0s", "--", "sleep", "100000"];

/** A test with a cluster of its own; tasks outlive their daemon, so services are removed at the end. */
function clusterTest(name: string, work: (warren: WarrenDaemon) => Promise<void>): void {
  Deno.test(name, async () => {
    const flags = [...PROCESS, "--node-name", "meadow"];
    await using warren = await WarrenDaemon.start({ flags });
    try {
      await work(warren);
    } finally {
      const { stdout } = await warren.run(["service", "list", "-q"]);
      const ids = stdout.split("\n").filter(Boolean);
      if (ids.length > 0) await warren.run(["service", "rm", ...ids]);
    }
  });
}

async function must(warren: WarrenDaemon, ...args: string[]): Promise<string> {
  const done = await warren.run(args);
  assert.equal(done.code, 0, `warren ${args.join(" ")}: ${done.stderr}`);
  return done.stdout;
}

/** Runs a line of bash in which `warren` is the program. */
async function bash(line: string, host: string) {
  const words = warrenCommand().map((word) => `'${word}'`).join(" ");
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", `warren() { ${words} "$@"; }; ${line}`],
    env: { WARREN_HOST: host, NO_COLOR: "1" },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

Deno.test("the command line exits with 3 and the next step when no cluster answers", async () => {
  const env = { WARREN_HOST: "unix:///nonexistent/warren.sock" };
  const text = await runWarren(["service", "list"], { env });
  assert.deepEqual([text.code, text.stdout], [3, ""]);
  assert.match(text.stderr, /^Error: .*\nhint: .*warren cluster init/);
  const json = await runWarren(["service", "list", "-o", "json"], { env });
  assert.deepEqual([json.code, json.stdout], [3, ""]);
  const { error } = JSON.parse(json.stderr);
  assert.deepEqual([error.code, error.reason], ["UNAVAILABLE", "CLUSTER_UNREACHABLE"]);
});

clusterTest("the JSON of lists and cluster info has the fields of the contract", async (warren) => {
  const create = ["service", "create", "web", ...PROCESS, "-p", "18181:18181", "--replicas", "1"];
  const id = (await must(warren, ...create, ...RUN)).trim();
  const [service] = await warren.json(["service", "list"]);
  assert.equal(service.id, id);
  const { name, mode, image, replicas, updateStatus } = service;
  assert.deepEqual({ name, mode, image, replicas, state: updateStatus.state }, {
    name: "web",
    mode: "replicated",
    image: "",
    replicas: { desired: 1, running: 1 },
    state: "none",
  });
  assert.equal(service.ports[0].hostPort, 18181);
  assert.equal(typeof service.version, "number");
  const [task] = await warren.json(["container", "ls", "--service", "web"]);
  assert.deepEqual([task.service, task.serviceId, task.node, task.slot], ["web", id, "meadow", 1]);
  assert.deepEqual([task.state, task.desiredState, task.restarts], ["running", "running", 0]);
  for (const key of ["id", "nodeId", "message", "image"]) assert.equal(typeof task[key], "string");
  for (const key of ["createdAt", "updatedAt"]) {
    assert.match(task[key], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  }
  const [node] = await warren.json(["node", "list"]);
  const { role, status, availability, leader, overlay } = node;
  assert.deepEqual({ role, status, availability, leader, overlay }, {
    role: "hybrid",
    status: "ready",
    availability: "active",
    leader: true,
    overlay: { mode: "off", address: "" },
  });
  const info = await warren.json(["cluster", "info"]);
  assert.deepEqual(Object.keys(info).slice(0, 4), ["clusterId", "leader", "managers", "raft"]);
  assert.equal(info.managers[0].id, info.leader.id);
  assert.deepEqual(Object.keys(info.raft), ["term", "commitIndex", "appliedIndex"]);
});

clusterTest("lists answer to -q, names, filters and older spellings", async (warren) => {
  for (const name of ["web", "api"]) {
    await must(warren, "service", "create", name, "--label", `team=${name}`, ...PROCESS, ...RUN);
  }
  assert.equal(await must(warren, "service", "ls", "-o", "name", "--filter", "name=w*"), "web\n");
  assert.equal(
    await must(warren, "svc", "list", "-o", "name", "--filter", "label=team=api"),
    "api\n",
  );
  assert.match(await must(warren, "service", "list", "-q"), /^[a-z0-9]{25}\n[a-z0-9]{25}\n$/);
  const older = await runWarren(["service", "list", "--manager", warren.host, "--format", "json"]);
  assert.equal(JSON.parse(older.stdout).length, 2);
  assert.equal((await warren.run(["service", "list", "--filter", "nme=web"])).code, 2);
});

clusterTest(
  "commands exit with 4 for what is not there, and with 5 for what is there already",
  async (warren) => {
    await must(warren, "volume", "create", "burrow");
    assert.equal((await warren.run(["volume", "create", "burrow"])).code, 5);
    assert.equal((await warren.run(["volume", "inspect", "ghost"])).code, 4);
    const some = await warren.run(["volume", "rm", "ghost", "burrow"]);
    assert.deepEqual([some.code, some.stdout], [4, "burrow\n"]);
    assert.match(some.stderr, /ghost/);
  },
);

clusterTest(
  "a service that cannot run makes create fail with the reason, and stays",
  async (warren) => {
    const ends = await warren.run([
      ...["service", "create", "ends", ...PROCESS, "--restart", "none", "--"],
      ...["sh", "-c", "echo the config is missing; exit 3"],
    ]);
    assert.deepEqual([ends.code, ends.stdout], [1, ""]);
    assert.match(
      ends.stderr,
      /ends\.1 on meadow: .*3\n {4}\| the config is missing\nhint: the service stays/,
    );
    const loops = await warren.run([
      ...["service", "create", "loops", ...PROCESS, "--restart-delay", "100ms", "--"],
      ...["sh", "-c", "exit 4"],
    ]);
    assert.equal(loops.code, 1);
    assert.match(loops.stderr, /does not stay up/);
    const large = await warren.run([
      ...["service", "create", "large", ...PROCESS, "--reserve-cpus", "512", "-o", "json", ...RUN],
    ]);
    assert.equal(large.code, 1);
    assert.equal(JSON.parse(large.stderr).error.reason, "NOT_SETTLED");
    const why = await must(warren, "why", "large");
    assert.match(why, /meadow: needs 512 cores/);
    assert.match(await must(warren, "why", "ends"), /\| the config is missing/);
    assert.equal((await warren.json(["service", "list"])).length, 3);
  },
);

clusterTest(
  "update keeps what is not given, says unchanged, and history shows what changed",
  async (warren) => {
    const create = ["service", "create", "web", ...PROCESS, "-e", "A=1", "-e", "B=2"];
    await must(warren, ...create, "--update-monitor", "0s", ...RUN);
    const env = async () => (await warren.json(["service", "inspect", "web"])).spec.task.env;
    await must(
      warren,
      "service",
      "update",
      "web",
      "--env",
      "A=9",
      "--env-rm",
      "B",
      "--env-add",
      "C=3",
    );
    assert.deepEqual(await env(), { A: "9", C: "3" });
    const same = await warren.run(["service", "update", "web", "--env", "A=9"]);
    assert.equal(same.code, 0);
    assert.match(same.stderr, /unchanged/);
    assert.match(await must(warren, "service", "history", "web"), /env\.A: 1 -> 9/);
    await must(warren, "service", "rollback", "web");
    assert.deepEqual(await env(), { A: "1", B: "2" });
    assert.equal((await warren.run(["service", "update", "web"])).code, 2);
  },
);

clusterTest(
  "plan exits with 2 for changes, 0 for none and 1 for faults; apply twice is unchanged",
  async (warren) => {
    const manifest = [
      "apiVersion: warren.io/v1",
      "kind: Service",
      "metadata: {name: app}",
      "spec: {runtime: process, stopTimeout: 0s, command: [sleep, '1000']}",
      "---",
      "apiVersion: warren.io/v1",
      "kind: Secret",
      "metadata: {name: carrot}",
      "spec: {data: hidden-value}",
      "",
    ].join("\n");
    const run = (...args: string[]) => warren.run([...args, "-f", "-"], manifest);
    const plan = await run("plan", "-o", "json");
    assert.equal(plan.code, 2);
    const { changes, placements } = JSON.parse(plan.stdout);
    assert.deepEqual(changes.map(({ action }: { action: string }) => action), ["create", "create"]);
    assert.equal(placements[0].node, "meadow");
    assert.ok(!plan.stdout.includes("hidden-value"));
    assert.equal((await run("apply", "--dry-run")).code, 0);
    assert.deepEqual(await warren.json(["service", "list"]), []);
    const applied = await run("apply");
    assert.deepEqual([applied.code, applied.stdout], [
      0,
      "secret/carrot created\nservice/app created\n",
    ]);
    assert.equal((await run("apply")).stdout, "secret/carrot unchanged\nservice/app unchanged\n");
    assert.equal((await run("plan")).code, 0);
    const wrong = await warren.run(["plan", "-f", "-"], manifest.replace("command", "comand"));
    assert.deepEqual([wrong.code, wrong.stdout], [1, ""]);
    assert.match(wrong.stderr, /-:4:\d+: .*comand.*command/);
    const exported = await must(warren, "export", "app");
    const again = await warren.run(["plan", "-f", "-"], exported);
    assert.equal(again.code, 0, again.stdout);
    assert.equal((await run("delete")).code, 0);
    assert.deepEqual(await warren.json(["secret", "list"]), []);
  },
);

clusterTest("a reader that goes away ends the command without a word", async (warren) => {
  const line = "set -o pipefail; warren events --since 0 | head -n 1; echo code $?";
  let hasEnded = false;
  const following = bash(line, warren.host).finally(() => hasEnded = true);
  // A pipe tells that nobody reads it only when something is written: let something happen.
  for (let at = 0; !hasEnded; at++) {
    await warren.run(["secret", "create", `event-${at}`, "--from-literal", "x"]);
  }
  const { stdout, stderr } = await following;
  assert.match(stdout, /\ncode 0\n$/);
  assert.equal(stderr, "");
});

clusterTest(
  "Ctrl-C while waiting exits with 130 and says that the change goes on",
  async (warren) => {
    const [program, ...before] = warrenCommand();
    const child = new Deno.Command(program, {
      args: [
        ...before,
        ...["service", "create", "slow", ...PROCESS, "--health-cmd", "false"],
        ...["--health-start-period", "1m", ...RUN],
      ],
      env: { WARREN_HOST: warren.host, NO_COLOR: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const reading = new Response(child.stderr).text();
    await until("the task to start", async () => {
      const [task] = await warren.json(["task", "list"]);
      return task?.state === "starting";
    });
    child.kill("SIGINT");
    assert.equal((await child.status).code, 130);
    assert.match(
      await reading,
      /Stopped waiting; the change of "slow" goes on\nhint: .*service ps slow/,
    );
    assert.equal((await warren.json(["service", "list"]))[0].name, "slow");
  },
);

clusterTest("logs of several tasks begin with their names, those of one do not", async (warren) => {
  const talk = ["--stop-timeout", "0s", "--", "sh", "-c", "echo out; echo err >&2; sleep 1000"];
  await must(warren, "service", "create", "talk", ...PROCESS, "--replicas", "2", ...talk);
  await until("the output", async () => (await warren.run(["logs", "talk"])).stdout.length > 20);
  const both = await warren.run(["service", "logs", "talk"]);
  assert.deepEqual(both.stdout.trim().split("\n").sort(), ["talk.1 | out", "talk.2 | out"]);
  assert.deepEqual(both.stderr.trim().split("\n").sort(), ["talk.1 | err", "talk.2 | err"]);
  const one = await warren.run(["task", "logs", "talk.1", "--tail", "1", "-t"]);
  assert.match(one.stdout + one.stderr, /^\d{4}-\d\d-\d\dT[\d:.]+Z (out|err)\n$/);
  const json = (await must(warren, "logs", "talk.2", "-o", "json")).trim().split("\n");
  assert.deepEqual(Object.keys(JSON.parse(json[0] ?? "")), [
    "time",
    "task",
    "taskId",
    "stream",
    "line",
  ]);
});

Deno.test("install writes program, link and completion below a prefix, and a second run nothing", async () => {
  const prefix = await Deno.makeTempDir({ prefix: "warren-install-" });
  try {
    const first = await runWarren(["install", "--prefix", prefix, "--no-unit"]);
    assert.equal(first.code, 0, first.stderr);
    const script = await Deno.readTextFile(`${prefix}/share/fish/vendor_completions.d/warren.fish`);
    assert.match(script, /__complete/);
    const second = await runWarren(["install", "--prefix", prefix, "--no-unit", "-o", "json"]);
    assert.ok(JSON.parse(second.stdout).every(({ done }: { done: boolean }) => !done));
  } finally {
    await Deno.remove(prefix, { recursive: true });
  }
});
