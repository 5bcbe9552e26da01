/** What the agent says of its machine. */
import assert from "node:assert/strict";
import { WarrenError } from "../lib/mod.ts";
import { describeNode, parseCpuMax } from "./describe.ts";
import { FakeRuntime } from "./runtime/fake.ts";

Deno.test("parseCpuMax reads the quota of a control group", () => {
  assert.equal(parseCpuMax("150000 100000\n"), 1_500);
  assert.equal(parseCpuMax("max 100000\n"), undefined);
  assert.equal(parseCpuMax(""), undefined);
});

Deno.test("describeNode tells what the first runtime is, or only the machine when it is away", async () => {
  const signal = new AbortController().signal;
  await using runtime = new FakeRuntime({ arch: "arm64" });
  const there = await describeNode([{ choice: "docker", runtime }], signal);
  assert.deepEqual([there.engine, there.arch, there.runtimes], ["fake 1", "arm64", ["docker"]]);
  runtime.info = () => Promise.reject(new WarrenError("ENGINE_UNREACHABLE", "away"));
  const away = await describeNode([{ choice: "docker", runtime }], signal);
  assert.equal(away.engine, "");
  assert.ok(away.resources.milliCpus > 0 && away.resources.memoryBytes > 0);
});
