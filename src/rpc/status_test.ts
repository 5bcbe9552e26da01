/** Errors there and back, and errors of other makers. */
import assert from "node:assert/strict";
import { Metadata } from "@grpc/grpc-js";
import { type Reason, REASONS, WarrenError } from "../lib/mod.ts";
import { formatAddress, grpcTarget, isLocal, parseAddress } from "./address.ts";
import { fromServiceError, toServiceError } from "./status.ts";

const AT = "unix:///x";

Deno.test("toServiceError and fromServiceError are inverse for every reason", () => {
  for (const reason of Object.keys(REASONS) as Reason[]) {
    if (reason === "INTERNAL_FAULT") continue;
    const faults = [{ path: "a.b", message: "wrong" }];
    const error = new WarrenError(reason, `Cannot: ${reason}`, { faults });
    assert.deepEqual(fromServiceError(toServiceError(error), AT).toInfo(), error.toInfo());
  }
});

Deno.test("a reason of a newer server keeps its code, message and hint", () => {
  const sent = toServiceError(new WarrenError("NO_LEADER", "x"));
  const details = { reason: "FROM_THE_FUTURE", message: "Cannot fly", hint: "wings" };
  sent.metadata.set("warren-error-bin", Buffer.from(JSON.stringify(details)));
  const error = fromServiceError(sent, AT);
  assert.deepEqual([error.code, error.message, error.hint], ["UNAVAILABLE", "Cannot fly", "wings"]);
});

Deno.test("details that are not ours are ignored in favour of code and text", () => {
  for (const text of ["", "{", "[]", '{"reason":1}', "null"]) {
    const metadata = new Metadata();
    metadata.set("warren-error-bin", Buffer.from(text));
    const foreign = Object.assign(new Error("5 x"), { code: 7, details: "go away", metadata });
    const error = fromServiceError(foreign, AT);
    assert.deepEqual([error.reason, error.message], ["NOT_PERMITTED", "go away"]);
  }
});

Deno.test("a message beyond the transport's bound is too large, not a matter of trying again", () => {
  const details = "Received message larger than max (9437190 vs. 8388608)";
  const foreign = Object.assign(new Error(details), { code: 8, details, metadata: new Metadata() });
  const error = fromServiceError(foreign, AT);
  assert.equal(error.reason, "PROPOSAL_TOO_LARGE");
  assert.match(error.hint ?? "", /several parts/);
});

Deno.test("a call that was not sent, since the other side said goodbye, means an unreachable manager", () => {
  const details = "Failed to start HTTP/2 stream with error New streams cannot be created";
  const foreign = Object.assign(new Error(details), {
    code: 13,
    details,
    metadata: new Metadata(),
  });
  const error = fromServiceError(foreign, AT);
  assert.equal(error.reason, "CLUSTER_UNREACHABLE");
  assert.equal(error.message, "cannot reach a manager at unix:///x: it is closing its connections");
});

Deno.test("a connection that broke while a call was written is an unreachable manager, not an unknown fault", () => {
  const details = "Received RST_STREAM with code 2 triggered by internal client error: write EPIPE";
  const parts = { code: 13, details, metadata: new Metadata() };
  const error = fromServiceError(Object.assign(new Error(details), parts), AT);
  assert.equal(error.reason, "CLUSTER_UNREACHABLE");
});

Deno.test("addresses: both forms are read, shown and dialled; others are usage errors", () => {
  const rows = [
    [
      "unix:///var/run/warren.sock",
      "unix:///var/run/warren.sock",
      "unix:/var/run/warren.sock",
      true,
    ],
    ["unix:/a", "unix:///a", "unix:/a", true],
    ["/a/b", "unix:///a/b", "unix:/a/b", true],
    ["127.0.0.1:2377", "127.0.0.1:2377", "127.0.0.1:2377", true],
    ["tcp://localhost:1", "localhost:1", "localhost:1", true],
    ["[::1]:80", "[::1]:80", "[::1]:80", true],
    ["m1.example:2377", "m1.example:2377", "m1.example:2377", false],
    ["0.0.0.0:2377", "0.0.0.0:2377", "0.0.0.0:2377", false],
  ] as const;
  for (const [text, shown, target, local] of rows) {
    const address = parseAddress(text);
    assert.deepEqual([formatAddress(address), grpcTarget(address), isLocal(address)], [
      shown,
      target,
      local,
    ]);
  }
  for (
    const text of ["", "host", "host:99999", "unix:rel", "a b:1", "unix:///a\0b", "::1:80", "host:"]
  ) {
    assert.throws(() => parseAddress(text), { reason: "USAGE" }, text);
  }
});
