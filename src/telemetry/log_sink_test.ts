import assert from "node:assert/strict";
import { ManualClock } from "../lib/mod.ts";
import {
  defaultLogFormat,
  LogSink,
  type LogSinkOptions,
  MAX_LOG_STRING_CHARS,
} from "./log_sink.ts";

class Output {
  text = "";
  write(data: Uint8Array): Promise<number> {
    const part = data.subarray(0, 1000);
    this.text += new TextDecoder().decode(part);
    return Promise.resolve(part.length);
  }
  get lines(): string[] {
    return this.text.split("\n").slice(0, -1);
  }
  get objects(): Record<string, unknown>[] {
    return this.lines.map((line) => JSON.parse(line));
  }
}

function sinkTo(output: LogSinkOptions["output"], options: Partial<LogSinkOptions> = {}): LogSink {
  return new LogSink({
    level: "info",
    format: "json",
    hasColour: false,
    clock: new ManualClock(),
    output,
    ...options,
  });
}

Deno.test("LogSink writes one JSON object a line with the agreed keys in a fixed order", async () => {
  const output = new Output();
  const sink = sinkTo(output, { fields: { node_id: "n1" } });
  const log = sink.log.child({ component: "agent" });
  log.info("Started task", { task_id: "t1", restarts: 2, healthy: true, error: undefined });
  log.warn("ready");
  await sink.flush(1000);
  assert.equal(
    output.lines[0],
    '{"level":"info","time":"2023-11-14T22:13:20.000Z","node_id":"n1","component":"agent",' +
      '"task_id":"t1","restarts":2,"healthy":true,"message":"Started task"}',
  );
  assert.equal(output.objects[1]?.message, "ready");
});

Deno.test("LogSink lets a later field replace an earlier one instead of writing the key twice", async () => {
  const output = new Output();
  const sink = sinkTo(output);
  sink.log.child({ component: "a", time: "x" }).info("m", { component: "b", level: 9 });
  await sink.flush(1000);
  assert.equal(output.text.split('"component"').length, 2);
  const { component, level, level_, time_ } = output.objects[0] ?? {};
  assert.deepEqual({ component, level, level_, time_ }, {
    component: "b",
    level: "info",
    level_: 9,
    time_: "x",
  });
});

Deno.test("LogSink drops lines below its level, which may change while it runs", async () => {
  const output = new Output();
  const sink = sinkTo(output, { level: "warn" });
  sink.log.info("no");
  sink.level = "debug";
  sink.log.debug("yes");
  await sink.flush(1000);
  assert.deepEqual(output.objects.map((line) => line.message), ["yes"]);
  assert.equal(sink.level, "debug");
});

Deno.test("LogSink writes hostile text as one line without control characters", async () => {
  const hostile = 'a\n{"level":"error"}\r\x1b[31m\x9b2J\u2028\u202e\x00\x7f"\\';
  for (const format of ["json", "text"] as const) {
    const output = new Output();
    const sink = sinkTo(output, { format });
    sink.log.info(hostile, { error: hostile, [hostile]: "x" });
    await sink.flush(1000);
    assert.equal(output.lines.length, 1, format);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(output.lines[0] ?? "", /[\u0000-\u001f\u007f-\u009f\u2028\u202e]/);
    if (format === "json") assert.equal(output.objects[0]?.error, hostile);
  }
});

Deno.test("LogSink redacts values under keys that name a secret", async () => {
  const output = new Output();
  const sink = sinkTo(output);
  sink.log.info("m", { token: "WTKN-1", join_token: "x", secret_name: "db" });
  await sink.flush(1000);
  assert.deepEqual(
    [output.objects[0]?.token, output.objects[0]?.join_token, output.objects[0]?.secret_name],
    ["[redacted]", "[redacted]", "db"],
  );
});

Deno.test("LogSink cuts a huge string", async () => {
  const output = new Output();
  const sink = sinkTo(output);
  sink.log.info("m", { error: "x".repeat(100_000) });
  await sink.flush(1000);
  assert.ok(output.text.length < MAX_LOG_STRING_CHARS + 200);
});

Deno.test("LogSink writes text with key=value, coloured only when asked to", async () => {
  const output = new Output();
  const plain = sinkTo(output, { format: "text" });
  plain.log.error("Cannot pull", { image: "nginx:1.25", error: "no such host" });
  await plain.flush(1000);
  assert.equal(
    output.lines[0],
    '2023-11-14T22:13:20.000Z ERROR Cannot pull image=nginx:1.25 error="no such host"',
  );
  const coloured = sinkTo(output, { format: "text", hasColour: true });
  coloured.log.info("m");
  await coloured.flush(1000);
  assert.ok(output.lines[1]?.includes("\x1b[32mINFO"));
});

Deno.test("LogSink keeps going when its output is stuck, and tells of the gap afterwards", async () => {
  const output = new Output();
  let release = () => {};
  const stuck = new Promise<void>((resolve) => release = resolve);
  const sink = sinkTo({ write: (data) => stuck.then(() => output.write(data)) });
  for (let i = 0; i < 5000; i++) sink.log.info("x".repeat(500), { i });
  assert.ok(sink.dropped > 2000);
  release();
  await sink.flush(10_000);
  const last = output.objects.at(-1);
  assert.equal(last?.dropped, sink.dropped);
  assert.equal(output.lines.length, 5000 - sink.dropped + 1);
});

Deno.test("LogSink.flush gives up on a stuck output when its time has passed", async () => {
  const clock = new ManualClock();
  let release = () => {};
  const stuck = new Promise<void>((resolve) => release = resolve);
  const sink = sinkTo({ write: (data) => stuck.then(() => data.length) }, { clock });
  sink.log.info("m");
  const flushed = sink.flush(500);
  await clock.advance(500);
  await flushed;
  release();
  await sink.flush(500);
});

Deno.test("LogSink survives a closed output and counts what it could not write", async () => {
  const sink = sinkTo({ write: () => Promise.reject(new Deno.errors.BrokenPipe("closed")) });
  sink.log.info("a");
  await sink.flush(1000);
  sink.log.info("b");
  await sink.flush(1000);
  assert.equal(sink.dropped, 2);
});

Deno.test("LogSink waits when its output is non-blocking and full", async () => {
  const output = new Output();
  const clock = new ManualClock();
  let refusals = 3;
  const sink = sinkTo({
    write: (data) =>
      refusals-- > 0 ? Promise.reject(new Deno.errors.WouldBlock("full")) : output.write(data),
  }, { clock });
  sink.log.info("m");
  while (refusals > 0) await clock.advance(20);
  await clock.advance(20);
  assert.equal(output.lines.length, 1);
});

Deno.test("defaultLogFormat is JSON unless a person reads along", () => {
  assert.deepEqual([defaultLogFormat(false), defaultLogFormat(true)], ["json", "text"]);
});

Deno.test("LogSink does not say an error twice to people", async () => {
  const output = new Output();
  const sink = sinkTo(output, { format: "text" });
  sink.log.error("Cannot join", { reason: "TOKEN_REFUSED", error: "Cannot join" });
  await sink.flush(1_000);
  assert.match(output.text, /ERROR Cannot join reason=TOKEN_REFUSED\n$/);
});
