/**
 * The Docker runtime against a real engine: the contract suite, and what only an engine says.
 *
 * Everything carries a label of this run and is removed. No registry but one that cannot be there is
 * asked: a closed port of this machine.
 */
import assert from "node:assert/strict";
import { WarrenError } from "../../src/lib/mod.ts";
import {
  type ContractHarness,
  createDockerRuntime,
  DEFAULT_DOCKER_ADDRESS,
  SHELL_COMMANDS,
  testRuntimeContract,
} from "../../src/agent/runtime/testing.ts";
import { docker, testImage } from "../harness/docker.ts";

const RUN = crypto.randomUUID();
const signal = new AbortController().signal;
const isUp = await docker("version").then(() => true, () => false);

testRuntimeContract("docker", open, { ignore: !isUp });

async function open(): Promise<ContractHarness> {
  const labels = { "warren-contract": RUN, test: crypto.randomUUID() };
  return {
    runtime: createDockerRuntime({ address: DEFAULT_DOCKER_ADDRESS }),
    commands: SHELL_COMMANDS,
    image: await testImage(),
    absentImage: "127.0.0.1:1/warren/absent:1",
    labels,
    lacks: new Set(),
    [Symbol.asyncDispose]: () => clean(labels),
  };
}

async function clean(labels: Readonly<Record<string, string>>): Promise<void> {
  const filters = Object.entries(labels).flatMap(([key, value]) => ["-f", `label=${key}=${value}`]);
  const ids = await docker("ps", "-aq", ...filters);
  if (ids !== "") await docker("rm", "-f", "-v", ...ids.split("\n"));
  const unused = ["-f", "name=warren-contract-", "-f", "dangling=true"];
  const volumes = await docker("volume", "ls", "-q", ...unused);
  if (volumes !== "") await docker("volume", "rm", ...volumes.split("\n"));
}

Deno.test("createDockerRuntime says when no engine answers", async () => {
  const runtime = createDockerRuntime({ address: "unix:///nonexistent/engine.sock" });
  const error = await runtime.info(signal).then(() => assert.fail("answered"), (e) => e);
  assert.ok(error instanceof WarrenError);
  assert.equal(error.reason, "ENGINE_UNREACHABLE");
  assert.match(error.message, /unix:\/\/\/nonexistent\/engine.sock .*no such socket/);
});

Deno.test({
  name: "createDockerRuntime says in plain words that a registry refused the connection",
  ignore: !isUp,
  async fn() {
    const runtime = createDockerRuntime({ address: DEFAULT_DOCKER_ADDRESS });
    const pull = runtime.ensureImage("127.0.0.1:1/warren/absent:1", { signal });
    const error = await pull.then(() => assert.fail("pulled"), (e) => e);
    assert.match(error.message, /the registry 127.0.0.1:1 refused the connection/);
  },
});

Deno.test({
  name: "createDockerRuntime names the process that holds a host port",
  ignore: !isUp,
  async fn() {
    await using harness = await open();
    using listener = Deno.listen({ hostname: "0.0.0.0", port: 0 });
    const { port } = listener.addr;
    const id = await harness.runtime.create({
      name: `warren-contract-${crypto.randomUUID()}`,
      labels: harness.labels,
      image: harness.image,
      entrypoint: [],
      command: SHELL_COMMANDS.run,
      env: {},
      user: "",
      workdir: "",
      hostname: "",
      limits: { milliCpus: 0, memoryBytes: 0 },
      stopSignal: "",
      binds: [],
      volumes: [],
      ports: [{
        name: "",
        containerPort: 80,
        hostPort: port,
        protocol: "tcp",
        publishMode: "host",
      }],
    }, signal);
    const error = await harness.runtime.start(id, signal).then(
      () => assert.fail("started"),
      (e) => e,
    );
    assert.equal(error.reason, "PORT_IN_USE");
    assert.match(
      error.message,
      new RegExp(`Port ${port} .* by process deno \\(pid ${Deno.pid}\\)`),
    );
  },
});
