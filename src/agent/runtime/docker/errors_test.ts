/** What engines and registries really say, and what Warren makes of it. */
import assert from "node:assert/strict";
import { conflictingPort, toEngineError, toPullError, toStartError } from "./errors.ts";

const STARTS: readonly (readonly [string, string, string, string])[] = [
  [
    'OCI runtime create failed: runc create failed: unable to start container process: exec: "foo": executable file not found in $PATH: unknown',
    "",
    "COMMAND_FAILED",
    'Cannot run "foo": executable file not found in $PATH',
  ],
  [
    'failed to create shim task: OCI runtime create failed: container_linux.go:380: starting container process caused: exec: "/no/such/program": stat /no/such/program: no such file or directory: unknown',
    "",
    "COMMAND_FAILED",
    'Cannot run "/no/such/program": no such file or directory',
  ],
  [
    "unable to find user nobody2: no matching entries in passwd file",
    "",
    "COMMAND_FAILED",
    "Cannot run the command: unable to find user nobody2: no matching entries in passwd file",
  ],
  [
    "driver failed programming external connectivity on endpoint web (4f1): Bind for 0.0.0.0:8080 failed: port is already allocated",
    'service "api"',
    "PORT_IN_USE",
    'Port 8080 of this node is in use by service "api"',
  ],
  [
    "driver failed programming external connectivity on endpoint web (4f1): Error starting userland proxy: listen tcp4 0.0.0.0:8080: bind: address already in use",
    "",
    "PORT_IN_USE",
    "Port 8080 of this node is in use",
  ],
  ["no space left on device", "", "ENGINE_FAILED", 'Cannot start "x": no space left on device'],
];

Deno.test("toStartError explains why a container did not start", () => {
  for (const [words, holder, reason, message] of STARTS) {
    const error = toStartError(words, 'start "x"', holder);
    assert.deepEqual([error.reason, error.message], [reason, message]);
  }
});

Deno.test("conflictingPort finds the port in the words of either way to bind", () => {
  assert.equal(conflictingPort("listen udp4 0.0.0.0:53: bind: address already in use"), 53);
  assert.equal(conflictingPort("Bind for :::443 failed: port is already allocated"), 443);
  assert.equal(conflictingPort("no such network"), undefined);
});

const PULLS: readonly (readonly [string, string, RegExp])[] = [
  [
    "manifest for nginx:nope not found: manifest unknown: manifest unknown",
    "IMAGE_NOT_FOUND",
    /has no such image/,
  ],
  [
    "pull access denied for nopriv, repository does not exist or may require 'docker login': denied",
    "IMAGE_NOT_FOUND",
    /no such image, or it is private/,
  ],
  ["unauthorized: authentication required", "IMAGE_PULL_DENIED", /refused access/],
  [
    'Get "https://registry.example/v2/": dial tcp: lookup registry.example on 10.0.0.1:53: no such host',
    "IMAGE_PULL_FAILED",
    /the registry registry.example has no address/,
  ],
  [
    'Get "https://registry.example/v2/": dial tcp: lookup registry.example on 10.0.0.1:53: read udp: i/o timeout',
    "IMAGE_PULL_FAILED",
    /its name cannot be resolved/,
  ],
  [
    'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
    "IMAGE_PULL_FAILED",
    /the registry 127.0.0.1:1 refused the connection/,
  ],
  [
    'Get "https://registry.example/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
    "IMAGE_PULL_FAILED",
    /does not answer/,
  ],
  [
    "no matching manifest for linux/arm64 in the manifest list entries",
    "IMAGE_NOT_FOUND",
    /this kind of machine/,
  ],
  [
    "toomanyrequests: You have reached your pull rate limit",
    "IMAGE_PULL_FAILED",
    /no more pulls for now/,
  ],
  ["invalid reference format", "IMAGE_NOT_FOUND", /not an image name/],
];

Deno.test("toPullError says in plain words why an image did not come", () => {
  for (const [words, reason, message] of PULLS) {
    const error = toPullError(words, "team/web:1");
    assert.equal(error.reason, reason, words);
    assert.match(error.message, message);
    assert.ok(error.message.includes('"team/web:1"'));
  }
});

Deno.test("toEngineError tells an engine that does not answer from one that refuses", () => {
  const gone = toEngineError(
    new Error("connect ENOENT /run/x.sock"),
    "list containers",
    "unix:///run/x.sock",
  );
  assert.equal(gone.reason, "ENGINE_UNREACHABLE");
  assert.match(
    gone.message,
    /Cannot list containers: .* at unix:\/\/\/run\/x.sock .*no such socket/,
  );
  const refusing = Object.assign(new Error("(HTTP code 409) unexpected - it is paused "), {
    statusCode: 409,
    json: { message: "it is paused" },
  });
  const error = toEngineError(refusing, "kill it", "unix:///run/x.sock");
  assert.deepEqual([error.reason, error.message], [
    "ENGINE_FAILED",
    "Cannot kill it: it is paused",
  ]);
});
