import assert from "node:assert/strict";
import { WarrenError } from "../../../lib/mod.ts";
import type { ServiceSpec } from "../../../client/wire/mod.ts";
import { locate, parseLine } from "../../parse/parse.ts";
import type { Command } from "../../tree/command.ts";
import { SPEC_FLAGS, UPDATE_SPEC_FLAGS } from "./flags.ts";
import { emptySpec, specFromFlags } from "./from_flags.ts";
import { parseEnvFile } from "./words.ts";

const ENV: Readonly<Record<string, string>> = { HOME: "/home/me" };

function command(isUpdate: boolean): Command {
  const flags = isUpdate ? UPDATE_SPEC_FLAGS : SPEC_FLAGS;
  return { name: "warren", summary: "", flags, rest: "COMMAND", run: () => Promise.resolve(0) };
}

function make(words: readonly string[], base = emptySpec("web"), isUpdate = false): ServiceSpec {
  const line = parseLine(locate(command(isUpdate), words), () => undefined);
  return specFromFlags(base, {
    flags: line.flags,
    command: line.rest,
    envFileLines: [],
    env: (name) => ENV[name],
    isUpdate,
  });
}

/** What the flags make of a task, without what they leave alone. */
function task(...words: string[]): Readonly<Record<string, unknown>> {
  return { ...make(words).task };
}

function fault(words: readonly string[], base?: ServiceSpec): string {
  try {
    make(words, base, base !== undefined);
  } catch (error) {
    if (error instanceof WarrenError && error.reason === "USAGE") {
      return `${error.message} / ${error.hint ?? ""}`;
    }
    throw error;
  }
  return "none";
}

const PORT = { name: "", containerPort: 80, hostPort: 0, protocol: "tcp", publishMode: "host" };
const REF = { name: "s", target: "", uid: 0, gid: 0, mode: 0 };

Deno.test("specFromFlags without flags gives a spec in which nothing is given", () => {
  const spec = make([]);
  assert.deepEqual(spec.task, emptySpec("web").task);
  assert.deepEqual([spec.mode, spec.replicas, spec.update], ["", undefined, undefined]);
});

Deno.test("specFromFlags puts each flag of a task where it belongs", () => {
  const limits = { milliCpus: 500, memoryBytes: 0 };
  const restart = { condition: "on-failure", delayMs: 1_000, maxAttempts: 0, windowMs: 0 };
  const rows: readonly (readonly [words: readonly string[], field: string, value: unknown])[] = [
    [["--image", "nginx:1"], "image", "nginx:1"],
    [["-e", "A=1", "--env", "B=x=y"], "env", { A: "1", B: "x=y" }],
    [["-e", "HOME"], "env", { HOME: "/home/me" }],
    [["-e", "EMPTY="], "env", { EMPTY: "" }],
    [["-p", "80"], "ports", [PORT]],
    [["-p", "8080:80"], "ports", [{ ...PORT, hostPort: 8080 }]],
    [["-p", "53:53/udp"], "ports", [
      { ...PORT, containerPort: 53, hostPort: 53, protocol: "udp" },
    ]],
    [["-p", "80", "--publish-mode", "ingress"], "ports", [{ ...PORT, publishMode: "ingress" }]],
    [["--cpus", "0.5"], "limits", limits],
    [["--memory", "64m"], "limits", { milliCpus: 0, memoryBytes: 2 ** 26 }],
    [["--reserve-cpus", "250m"], "reservations", { milliCpus: 250, memoryBytes: 0 }],
    [["--reserve-memory", "1g"], "reservations", { milliCpus: 0, memoryBytes: 2 ** 30 }],
    [["--restart", "on-failure"], "restart", restart],
    [["--restart", "never"], "restart", { ...restart, condition: "none" }],
    [["--restart", "always"], "restart", { ...restart, condition: "any" }],
    [["--restart-delay", "0s"], "restart", { ...restart, condition: "", delayMs: 0 }],
    [["--restart-max-attempts", "3"], "restart", { ...restart, condition: "", maxAttempts: 3 }],
    [["--restart-window", "1m"], "restart", { ...restart, condition: "", windowMs: 60_000 }],
    [["--secret", "s"], "secrets", [REF]],
    [["--secret", "s:/a/b"], "secrets", [{ ...REF, target: "/a/b" }]],
    [["--config", "s:app.conf"], "configs", [{ ...REF, target: "app.conf" }]],
    [["-v", "data:/d"], "mounts", [{ volume: "data", target: "/d", readOnly: false }]],
    [["-v", "data:/d:ro"], "mounts", [{ volume: "data", target: "/d", readOnly: true }]],
    [["--stop-timeout", "0"], "stopTimeoutMs", 0],
    [["--stop-timeout", "1m"], "stopTimeoutMs", 60_000],
    [["--stop-signal", "SIGINT"], "stopSignal", "SIGINT"],
    [["--user", "1:1"], "user", "1:1"],
    [["--workdir", "/w"], "workdir", "/w"],
    [["--hostname", "h"], "hostname", "h"],
    [["--network", "n", "--network", "n"], "networks", ["n"]],
    [["--runtime", "process"], "runtime", "process"],
    [["--", "sh", "-c", "x y"], "command", ["sh", "-c", "x y"]],
    [["--command", "sh -c 'x y'"], "command", ["sh", "-c", "x y"]],
    [["--entrypoint", "/bin/e a"], "entrypoint", ["/bin/e", "a"]],
    [["--entrypoint", '["/bin/e", "a b"]'], "entrypoint", ["/bin/e", "a b"]],
    [["--command", "[ -f /x ]"], "command", ["[", "-f", "/x", "]"]],
  ];
  for (const [words, field, value] of rows) {
    assert.deepEqual(task(...words)[field], value, words.join(" "));
  }
});

Deno.test("specFromFlags puts each flag of a service where it belongs", () => {
  const spec = make([
    ...["--mode", "job", "--replicas", "5", "--max-concurrent", "2", "--label", "a=b"],
    ...["--constraint", "node.arch==arm64", "--spread", "node.labels.zone", "--max-per-node", "2"],
  ]);
  assert.deepEqual([spec.mode, spec.replicas, spec.jobParallelism], ["job", 5, 2]);
  assert.deepEqual(spec.labels, { a: "b" });
  assert.deepEqual(spec.placement, {
    constraints: ["node.arch==arm64"],
    spread: ["node.labels.zone"],
    maxPerNode: 2,
  });
});

Deno.test("specFromFlags fills the rest of an update's rules with their defaults", () => {
  const { update } = make(["--update-order", "stop-first", "--update-max-failure-ratio", "0.5"]);
  assert.deepEqual(update, {
    parallelism: 1,
    delayMs: 0,
    order: "stop-first",
    monitorMs: 5_000,
    failureAction: "pause",
    maxFailureRatio: 0.5,
  });
  const more = make(
    ["--update-parallelism", "2", "--update-delay", "1s", "--update-monitor", "0"],
    make(["--update-failure-action", "rollback"]),
  );
  assert.deepEqual(more.update, {
    parallelism: 2,
    delayMs: 1_000,
    order: "auto",
    monitorMs: 0,
    failureAction: "rollback",
    maxFailureRatio: 0,
  });
});

Deno.test("specFromFlags makes health checks of all three kinds", () => {
  const probe = (...words: string[]) => make(words).task?.health;
  assert.deepEqual(probe("--health-cmd", "cat /x")?.command, ["/bin/sh", "-c", "cat /x"]);
  assert.deepEqual(probe("--health-cmd", '["cat","/x y"]')?.command, ["cat", "/x y"]);
  assert.equal(probe("--health-tcp", "5432")?.port, 5432);
  const http: readonly (readonly [string, string, number, string])[] = [
    ["/", "/", 0, ""],
    ["/ok:8080", "/ok", 8080, ""],
    [":8080/ok", "/ok", 8080, ""],
    ["http://localhost:81/ok?x=1", "/ok?x=1", 81, "http"],
    ["https://127.0.0.1", "/", 0, "https"],
  ];
  for (const [text, path, port, scheme] of http) {
    const health = probe("--health-http", text);
    assert.deepEqual([health?.path, health?.port, health?.scheme], [path, port, scheme], text);
  }
  const timed = probe(
    ...["--health-tcp", "1", "--health-interval", "5", "--health-timeout", "2s"],
    ...["--health-retries", "4", "--health-start-period", "1m"],
  );
  const { intervalMs, timeoutMs, retries, startPeriodMs } = timed ?? {};
  assert.deepEqual([intervalMs, timeoutMs, retries, startPeriodMs], [5_000, 2_000, 4, 60_000]);
});

Deno.test("specFromFlags updates only what is given", () => {
  const base = make([
    ...["--image", "a", "-e", "A=1", "-e", "B=2", "-p", "8080:80", "-v", "d:/d", "--secret", "s"],
    ...["--label", "l=1", "--constraint", "node.arch==amd64", "--health-tcp", "80", "--cpus", "1"],
  ]);
  assert.deepEqual(make([], base, true), base);
  const next = make(
    [
      ...["--env", "A=9", "--env-add", "C=3", "--env-rm", "B", "--publish-rm", "80"],
      ...["--publish-add", "9090:90", "--volume-rm", "d", "--secret-rm", "s", "--label-rm", "l"],
      ...["--constraint-rm", "node.arch==amd64", "--no-health-check", "--memory", "1g"],
    ],
    base,
    true,
  );
  assert.equal(next.task?.image, "a");
  assert.deepEqual(next.task?.env, { A: "9", C: "3" });
  assert.deepEqual(next.task?.ports, [{ ...PORT, containerPort: 90, hostPort: 9090 }]);
  assert.deepEqual([next.task?.mounts, next.task?.secrets, next.labels], [[], [], {}]);
  assert.deepEqual(next.placement?.constraints, []);
  assert.equal(next.task?.health, undefined);
  assert.deepEqual(next.task?.limits, { milliCpus: 1_000, memoryBytes: 2 ** 30 });
});

Deno.test("specFromFlags keeps the rhythm of a health check whose probe changes", () => {
  const base = make(["--health-tcp", "80", "--health-interval", "5s"]);
  const { health } = make(["--health-http", "/ok"], base, true).task ?? {};
  assert.deepEqual([health?.kind, health?.path, health?.intervalMs], ["http", "/ok", 5_000]);
});

Deno.test("specFromFlags replaces the port, mount or secret that is given again", () => {
  const base = make(["-p", "8080:80", "-p", "53/udp", "-v", "a:/d", "--secret", "s"]);
  const next = make(["-p", "9090:80", "-v", "b:/d:ro", "--secret", "s:/x"], base, true);
  const ports = next.task?.ports.map(({ hostPort, containerPort }) => [hostPort, containerPort]);
  assert.deepEqual(ports, [[0, 53], [9090, 80]]);
  assert.deepEqual(next.task?.mounts, [{ volume: "b", target: "/d", readOnly: true }]);
  assert.deepEqual(next.task?.secrets, [{ ...REF, target: "/x" }]);
});

Deno.test("specFromFlags refuses what makes no sense, and says what to write", () => {
  const rows: readonly (readonly [words: readonly string[], said: RegExp])[] = [
    [["-p", "80:80:80"], /--publish.*\[HOST:\]CONTAINER/],
    [["-p", "0"], /--publish/],
    [["-p", "65536"], /--publish/],
    [["-p", "80/sctp"], /--publish/],
    [["-v", "data"], /--volume.*NAME:PATH/],
    [["-v", "data:/d:rx"], /--volume/],
    [["--secret", ":"], /--secret/],
    [["-e", "=x"], /--env.*KEY=VALUE/],
    [["-e", "NOT_SET"], /--env/],
    [["--health-http", "no-slash"], /--health-http/],
    [["--health-http", "/x:99999"], /port/i],
    [["--health-tcp", "0"], /--health-tcp/],
    [["--health-tcp", "1", "--health-cmd", "x"], /one health check/],
    [["--health-interval", "1s"], /needs a health check/],
    [["--mode", "global", "--replicas", "2"], /global/],
    [["--max-concurrent", "2"], /--mode job/],
    [["--command", "a", "--", "b"], /given twice/],
    [["--command", "a 'b"], /close the quote/],
    [["--command", '["a", 1]'], /double quotes/],
    [["--health-cmd", '["a", {}]'], /double quotes/],
    [["--health-cmd", "true", "--health-interval", "0"], /more than zero/],
    [["--health-cmd", "true", "--health-timeout", "0ms"], /more than zero/],
    [["--health-cmd", "true", "--health-retries", "0"], /more than zero/],
  ];
  for (const [words, said] of rows) assert.match(fault(words), said, words.join(" "));
  assert.match(fault(["--publish-rm", "81"], make(["-p", "80"])), /does not have it/);
  assert.match(fault(["--volume-rm", "x"], make([])), /does not have it/);
  assert.match(fault(["--secret-rm", "x"], make([])), /does not have it/);
});

Deno.test("parseEnvFile reads lines, leaves comments out and keeps everything after =", () => {
  assert.deepEqual(parseEnvFile("# c\n\nA=1\r\n  B=x y\nC=a=b #d\n", "f"), [
    "A=1",
    "B=x y",
    "C=a=b #d",
  ]);
  assert.throws(() => parseEnvFile("A=1\nB = 2\n", "f"), /line 2/);
});
