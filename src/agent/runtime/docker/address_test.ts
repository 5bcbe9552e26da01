import assert from "node:assert/strict";
import { connectEngine, engineSocket } from "./http.ts";

Deno.test("connectEngine takes sockets and ports, and refuses other addresses in plain words", () => {
  for (const good of ["unix:///var/run/docker.sock", "tcp://127.0.0.1:2375", "http://engine"]) {
    assert.doesNotThrow(() => connectEngine(good), good);
  }
  for (const bad of ["", "garbage", "ssh://host", "unix://", "tcp://", "/var/run/docker.sock"]) {
    assert.throws(() => connectEngine(bad), { reason: "USAGE" }, bad);
  }
  assert.equal(engineSocket("unix:///a/b"), "/a/b");
  assert.equal(engineSocket("garbage"), undefined);
});
