/** The fake runtime passes the contract suite, and its hooks do what tests rely on. */
import assert from "node:assert/strict";
import { ManualClock, WarrenError } from "../../lib/mod.ts";
import { FakeRuntime } from "./fake.ts";
import { FAKE_COMMANDS } from "./fake_program.ts";
import { testRuntimeContract } from "./runtime_contract.ts";
import type { ContainerSpec } from "./runtime.ts";

testRuntimeContract("fake", () => {
  const runtime = new FakeRuntime();
  return Promise.resolve({
    runtime,
    commands: FAKE_COMMANDS,
    image: "fake/web:1",
    absentImage: "absent/web:1",
    labels: { run: "contract" },
    lacks: new Set(["volumes", "binds", "tty"] as const),
    [Symbol.asyncDispose]: () => runtime[Symbol.asyncDispose](),
  });
});

const SPEC: ContainerSpec = {
  name: "one",
  labels: {},
  image: "web",
  entrypoint: [],
  command: [],
  env: {},
  user: "",
  workdir: "",
  hostname: "",
  limits: { milliCpus: 0, memoryBytes: 0 },
  stopSignal: "",
  binds: [],
  volumes: [],
  ports: [],
};
const signal = new AbortController().signal;

Deno.test("FakeRuntime runs programs on the clock it is given", async () => {
  const clock = new ManualClock();
  await using runtime = new FakeRuntime({ clock });
  const id = await runtime.create({ ...SPEC, command: ["sleep", "500", "exit", "4"] }, signal);
  await runtime.start(id, signal);
  await clock.advance(499);
  assert.equal((await runtime.inspect(id))?.status, "running");
  await clock.advance(1);
  assert.equal((await runtime.inspect(id))?.exitCode, 4);
});

Deno.test("FakeRuntime fails the next call of an operation as planned", async () => {
  await using runtime = new FakeRuntime();
  runtime.failNext("create", new WarrenError("ENGINE_FAILED", "no space"));
  await assert.rejects(runtime.create(SPEC, signal), /no space/);
  await runtime.create(SPEC, signal);
});

Deno.test("FakeRuntime ends everything at a reboot", async () => {
  await using runtime = new FakeRuntime();
  const id = await runtime.create(SPEC, signal);
  await runtime.start(id, signal);
  runtime.reboot();
  assert.equal((await runtime.inspect(id))?.exitCode, 255);
});
