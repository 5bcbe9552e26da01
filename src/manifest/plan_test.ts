/** What applying changes: actions, order, stacks, pruning, references, and what is never printed. */
import assert from "node:assert/strict";
import {
  DEFAULT_TASK,
  defaultServiceSpec,
  type Labels,
  type ServiceSpec,
  STACK_LABEL,
  type TaskSpec,
} from "../model/mod.ts";
import type { CurrentFile, CurrentState } from "./change.ts";
import { planDeletion, planManifests } from "./plan.ts";
import type { PlacedResource, Resource, ResourceKind } from "./resource.ts";

const NO_STACK = { stack: "", prune: false };
const bytes = (text: string) => new TextEncoder().encode(text);

function service(name: string, task: Partial<TaskSpec> = {}, labels: Labels = {}): Resource {
  const base: ServiceSpec = { ...defaultServiceSpec(name), labels };
  return {
    kind: "service",
    name,
    spec: { ...base, task: { ...DEFAULT_TASK, image: "a:1", ...task } },
  };
}

const file = (
  kind: "secret" | "config",
  name: string,
  text: string,
  labels: Labels = {},
): Resource => {
  return { kind, name, labels, data: bytes(text) };
};

function volume(name: string, options: Labels = {}, labels: Labels = {}): Resource {
  return { kind: "volume", name, labels, driver: "local", options };
}

const ref = (name: string) => ({ name, target: name, uid: 0, gid: 0, mode: 0o444 });

function placed(...resources: readonly Resource[]): readonly PlacedResource[] {
  return resources.map((resource, at) => ({ resource, source: `a.yaml:${at + 1}:1` }));
}

/** A cluster that has just `resources`. */
function cluster(...resources: readonly Resource[]): CurrentState {
  const of = <Kind extends ResourceKind>(kind: Kind, name: string) =>
    resources.find((one): one is Extract<Resource, { kind: Kind }> =>
      one.kind === kind && one.name === name
    );
  const asFile = (found: Extract<Resource, { kind: "secret" | "config" }> | undefined) =>
    found && {
      labels: found.labels,
      sizeBytes: found.data.length,
      hasSameData: (data) => data.join() === found.data.join(),
    } satisfies CurrentFile;
  return {
    findService: (name) => of("service", name)?.spec,
    findSecret: (name) => asFile(of("secret", name)),
    findConfig: (name) => asFile(of("config", name)),
    findVolume: (name) => of("volume", name),
    *list(kind) {
      for (const one of resources) {
        const labels = one.kind === "service" ? one.spec.labels : one.labels;
        if (one.kind === kind) yield { name: one.name, labels };
      }
    },
  };
}

function actions(plan: ReturnType<typeof planManifests>): readonly string[] {
  return plan.changes.map(({ action, kind, name }) => `${action} ${kind} ${name}`);
}

const APP = [
  service("web", { secrets: [ref("db")], configs: [ref("conf")] }),
  file("secret", "db", "hunter2"),
  file("config", "conf", "x=1"),
  volume("data"),
];

Deno.test("planManifests creates what a service refers to before the service", () => {
  const plan = planManifests(placed(...APP), cluster(), NO_STACK);
  assert.deepEqual(plan.faults, []);
  assert.deepEqual(actions(plan), [
    "create volume data",
    "create config conf",
    "create secret db",
    "create service web",
  ]);
  assert.deepEqual(plan.changes.at(-1)?.diff.map((d) => d.path), [
    "task.image",
    "task.secrets[db:db]",
    "task.configs[conf:conf]",
  ]);
});

Deno.test("planManifests finds the same resources unchanged, with a stack or without", () => {
  for (const stack of ["", "shop"]) {
    const first = planManifests(placed(...APP), cluster(), { stack, prune: false });
    const made = first.changes.map(({ resource }) => resource).filter((one) => one !== null);
    const again = planManifests(placed(...APP), cluster(...made), { stack, prune: stack !== "" });
    assert.deepEqual(again.faults, []);
    assert.ok(
      again.changes.every(({ action, diff }) => action === "unchanged" && diff.length === 0),
    );
    assert.equal(again.changes.length, 4);
  }
});

Deno.test("planManifests tells an update in place from a replacement", () => {
  const now = cluster(service("web"), service("api"));
  const web = service("web", { stopTimeoutMs: 1_000 });
  const plan = planManifests(placed(web, service("api", { image: "a:2" })), now, NO_STACK);
  assert.deepEqual(actions(plan), ["update service web", "replace service api"]);
  assert.deepEqual(plan.changes[1]?.diff, [{ path: "task.image", before: "a:1", after: "a:2" }]);
});

Deno.test("planManifests sees changed data and never prints that of a secret", () => {
  const now = cluster(file("secret", "db", "hunter2"), file("config", "conf", "x=1"));
  const next = placed(file("secret", "db", "correct horse"), file("config", "conf", "x=2"));
  const plan = planManifests(next, now, NO_STACK);
  assert.deepEqual(plan.changes.map(({ action, diff }) => ({ action, diff })), [
    {
      action: "update",
      diff: [{ path: "data", before: "(3 bytes)", after: "(3 bytes, changed)" }],
    },
    { action: "update", diff: [{ path: "data", before: "(hidden)", after: "(hidden, changed)" }] },
  ]);
});

Deno.test("planManifests refuses to change a volume in place but for its labels", () => {
  const now = cluster(volume("data", { size: "1" }));
  const labelled = planManifests(placed(volume("data", { size: "1" }, { a: "b" })), now, NO_STACK);
  assert.deepEqual(labelled.faults, []);
  assert.deepEqual(actions(labelled), ["update volume data"]);
  const changed = planManifests(placed(volume("data", { size: "2" })), now, NO_STACK);
  assert.equal(changed.faults.length, 1);
  assert.equal(changed.faults[0]?.path, "a.yaml:1:1");
  assert.match(changed.faults[0]?.message ?? "", /^volume "data": driver and options .* in place/);
});

Deno.test("planManifests marks a stack and deletes what it no longer has, services first", () => {
  const mark = { [STACK_LABEL]: "shop" };
  const now = cluster(
    volume("old-data", {}, mark),
    file("secret", "old-db", "x", mark),
    service("old", { secrets: [ref("old-db")] }, mark),
    service("other", {}, { [STACK_LABEL]: "else" }),
    service("free"),
    service("web"),
  );
  const plan = planManifests(placed(service("web")), now, { stack: "shop", prune: true });
  assert.deepEqual(plan.faults, []);
  assert.deepEqual(actions(plan), [
    "update service web",
    "delete service old",
    "delete secret old-db",
    "delete volume old-data",
  ]);
  assert.deepEqual(plan.changes[0]?.diff, [
    { path: "labels.warren.stack", before: null, after: "shop" },
  ]);
});

Deno.test("planManifests without a stack leaves a resource in the one it is in", () => {
  const now = cluster(service("web", {}, { [STACK_LABEL]: "shop" }));
  const plan = planManifests(placed(service("web")), now, NO_STACK);
  assert.deepEqual(actions(plan), ["unchanged service web"]);
});

Deno.test("planManifests refuses to take a resource from another stack", () => {
  const now = cluster(service("web", {}, { [STACK_LABEL]: "else" }));
  const plan = planManifests(placed(service("web")), now, { stack: "shop", prune: false });
  assert.match(plan.faults[0]?.message ?? "", /^service "web": belongs to the stack "else"/);
});

Deno.test("planManifests refuses to prune without a stack, and a stack without a good name", () => {
  const bare = planManifests([], cluster(), { stack: "", prune: true });
  assert.deepEqual(bare.faults.map(({ path }) => path), ["prune"]);
  const bad = planManifests([], cluster(), { stack: "a b", prune: true });
  assert.deepEqual(bad.faults.map(({ path }) => path), ["stack"]);
});

Deno.test("planManifests reports every missing secret and config, at its place when known", () => {
  const web = service("web", { secrets: [ref("db"), ref("there")], configs: [ref("conf")] });
  const place = { file: "b.yaml", line: 9, column: 5 };
  const places = new Map([["task.secrets[0]", place]]);
  const now = cluster(file("secret", "there", "x"));
  const plan = planManifests([{ resource: web, source: "b.yaml:1:1", places }], now, NO_STACK);
  assert.deepEqual(plan.faults.map(({ path }) => path), ["b.yaml:9:5", "b.yaml:1:1"]);
  assert.match(plan.faults[0]?.message ?? "", /needs the secret "db", which is neither/);
  assert.match(plan.faults[1]?.message ?? "", /needs the config "conf"/);
});

Deno.test("planManifests does not prune what a service that stays still uses", () => {
  const mark = { [STACK_LABEL]: "shop" };
  const mount = { volume: "data", target: "/data", readOnly: false };
  const now = cluster(
    file("secret", "db", "x", mark),
    volume("data", {}, mark),
    service("free", { secrets: [ref("db")], mounts: [mount] }),
  );
  const plan = planManifests([], now, { stack: "shop", prune: true });
  assert.deepEqual(plan.faults.map(({ message }) => message), [
    'cannot delete secret "db": service "free" uses it',
    'cannot delete volume "data": service "free" uses it',
  ]);
  const needing = placed(service("web", { secrets: [ref("db")] }));
  const missing = planManifests(needing, cluster(file("secret", "db", "x", mark)), {
    stack: "shop",
    prune: true,
  });
  assert.match(missing.faults[0]?.message ?? "", /service "web" needs the secret "db"/);
});

Deno.test("planManifests reports faults of every resource and of names used twice", () => {
  const plan = planManifests(
    placed(service("Web"), volume("a/b"), service("ok"), service("ok")),
    cluster(),
    NO_STACK,
  );
  assert.deepEqual(plan.faults.map(({ path, message }) => `${path} ${message.slice(0, 30)}`), [
    'a.yaml:1:1 service "Web": name: must be 1',
    'a.yaml:2:1 volume "a/b": name: must be 1 ',
    'a.yaml:4:1 service "ok": was already writ',
  ]);
});

Deno.test("planDeletion deletes what exists, services first, and nothing that is in use", () => {
  const now = cluster(...APP);
  const plan = planDeletion(placed(...APP, service("gone")), now);
  assert.deepEqual(plan.faults, []);
  assert.deepEqual(actions(plan), [
    "delete service web",
    "delete secret db",
    "delete config conf",
    "delete volume data",
  ]);
  const used = planDeletion(placed(file("secret", "db", "")), now);
  assert.match(used.faults[0]?.message ?? "", /cannot delete secret "db"/);
});
