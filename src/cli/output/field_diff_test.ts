import assert from "node:assert/strict";
import { readable } from "./field_diff.ts";

function after(path: string, value: string): string {
  const shown = readable({ path, after: value });
  return `${shown.path}: ${shown.after}`;
}

Deno.test("readable writes numbers with their units and leaves other values alone", () => {
  assert.equal(
    after("task.resources.limits.memoryBytes", "33554432"),
    "resources.limits.memory: 32MiB",
  );
  assert.equal(after("task.resources.limits.milliCpus", "250"), "resources.limits.cpus: 0.25");
  assert.equal(after("task.stopTimeoutMs", "90000"), "stopTimeout: 1m30s");
  assert.equal(after("task.restart.maxAttempts", "10"), "restart.maxAttempts: 10");
  assert.equal(after("task.env.PORT", "8080"), "env.PORT: 8080");
  assert.equal(after("task.env.timeMs", "8080"), "env.timeMs: 8080");
  assert.equal(after("task.env.mode", '{"a":1}'), 'env.mode: {"a":1}');
  assert.equal(after("mode.kind", "global"), "mode.kind: global");
});

Deno.test("readable writes nested values as pairs without what says nothing", () => {
  assert.equal(
    after("task.ports[80/tcp]", '{"name":"","containerPort":80,"hostPort":8080,"protocol":"tcp"}'),
    "ports[80/tcp]: containerPort=80 hostPort=8080 protocol=tcp",
  );
  assert.equal(
    after("task.health", '{"probe":{"kind":"tcp","port":80,"headers":{}},"intervalMs":2000}'),
    "health: kind=tcp port=80 interval=2s",
  );
  assert.equal(
    after("task.secrets[s:s]", '{"name":"s","target":"s","uid":0,"mode":292}'),
    "secrets[s:s]: name=s target=s mode=0444",
  );
  assert.equal(after("task.command", '["sh","-c","sleep 1"]'), "command: sh -c sleep 1");
});

Deno.test("readable shows what was cut or hostile on one line", () => {
  assert.equal(
    after("task.health", '{"probe":{"ki… (900 characters)'),
    'health: {"probe":{"ki… (900 characters)',
  );
  assert.equal(after("task.env.A", "a\u001b[2Jb"), "env.A: a [2Jb");
  assert.equal(readable({ path: "a", before: null, after: undefined }).before, null);
  assert.ok(after("labels.x", "x".repeat(500)).length < 220);
});
