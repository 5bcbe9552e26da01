/** Rules of secrets, configs, volumes and the cluster record: the same table for all three nouns. */
import assert from "node:assert/strict";
import type { Reason } from "../../lib/mod.ts";
import {
  asId,
  asIndex,
  type Config,
  type Secret,
  type TaskSpec,
  type Version,
  type Volume,
} from "../../model/mod.ts";
import type { Action } from "../action.ts";
import {
  configCreate,
  fileRef,
  found,
  SEALED,
  secretCreate,
  START_MS,
  StoreFixture,
  taskSpecOf,
  volumeCreate,
} from "../testing/store_fixture.ts";

interface Noun {
  readonly noun: "secret" | "config" | "volume";
  create(id: string, name: string): Action;
  remove(id: string): Action;
  /** New labels, all else as it is. */
  relabel(fixture: StoreFixture, id: string, ifVersion?: Version): Action;
  get(fixture: StoreFixture, id: string): Secret | Config | Volume | undefined;
  byName(fixture: StoreFixture, name: string): Secret | Config | Volume | undefined;
  using(name: string): Partial<TaskSpec>;
}

const labels = { tier: "data" };

const NOUNS: readonly Noun[] = [
  {
    noun: "secret",
    create: secretCreate,
    remove: (id) => ({ kind: "secret.remove", id: asId(id) }),
    relabel: (fixture, id, ifVersion) => {
      const { sealed, sizeBytes } = fixture.view.secret(id) ?? { sealed: SEALED, sizeBytes: 3 };
      return { kind: "secret.update", id: asId(id), sealed, sizeBytes, labels, ifVersion };
    },
    get: (fixture, id) => fixture.view.secret(id),
    byName: (fixture, name) => fixture.view.secretByName(name),
    using: (name) => ({ secrets: [fileRef(name)] }),
  },
  {
    noun: "config",
    create: configCreate,
    remove: (id) => ({ kind: "config.remove", id: asId(id) }),
    relabel: (fixture, id, ifVersion) => {
      const { data, sizeBytes } = fixture.view.config(id) ?? { data: "", sizeBytes: 0 };
      return { kind: "config.update", id: asId(id), data, sizeBytes, labels, ifVersion };
    },
    get: (fixture, id) => fixture.view.config(id),
    byName: (fixture, name) => fixture.view.configByName(name),
    using: (name) => ({ configs: [fileRef(name)] }),
  },
  {
    noun: "volume",
    create: volumeCreate,
    remove: (id) => ({ kind: "volume.remove", id: asId(id) }),
    relabel: (_fixture, id, ifVersion) => {
      return { kind: "volume.update", id: asId(id), labels, ifVersion };
    },
    get: (fixture, id) => fixture.view.volume(id),
    byName: (fixture, name) => fixture.view.volumeByName(name),
    using: (name) => ({ mounts: [{ volume: name, target: "/data", readOnly: false }] }),
  },
];

function reason(noun: Noun["noun"], suffix: "NAME_TAKEN" | "NOT_FOUND" | "IN_USE"): Reason {
  const reasons = {
    secret: {
      NAME_TAKEN: "SECRET_NAME_TAKEN",
      NOT_FOUND: "SECRET_NOT_FOUND",
      IN_USE: "SECRET_IN_USE",
    },
    config: {
      NAME_TAKEN: "CONFIG_NAME_TAKEN",
      NOT_FOUND: "CONFIG_NOT_FOUND",
      IN_USE: "CONFIG_IN_USE",
    },
    volume: {
      NAME_TAKEN: "VOLUME_NAME_TAKEN",
      NOT_FOUND: "VOLUME_NOT_FOUND",
      IN_USE: "VOLUME_IN_USE",
    },
  } as const;
  return reasons[noun][suffix];
}

for (const { noun, create, remove, relabel, get, byName, using } of NOUNS) {
  Deno.test(`${noun}.create stores it under its name with the proposal's time`, () => {
    const fixture = new StoreFixture();
    const id = fixture.ids.next();
    fixture.ok(create(id, "one"));
    const row = found(get(fixture, id));
    assert.equal(row.createdMs, fixture.nowMs);
    assert.equal(row.version, fixture.view.index);
    assert.equal(byName(fixture, "one"), row);
  });

  Deno.test(`${noun}.create refuses a name or an id that is taken`, () => {
    const fixture = new StoreFixture();
    fixture.ok(create("a", "one"));
    assert.equal(
      fixture.refused(reason(noun, "NAME_TAKEN"), create("b", "one")),
      `Cannot create ${noun} "one": the name is taken`,
    );
    fixture.refused("ID_TAKEN", create("a", "two"));
  });

  Deno.test(`${noun}.update of labels keeps the data and its revision`, () => {
    const fixture = new StoreFixture();
    fixture.ok(create("a", "one"));
    const before = found(get(fixture, "a"));
    fixture.ok(relabel(fixture, "a", before.version));
    const after = found(get(fixture, "a"));
    assert.deepEqual(after.labels, labels);
    assert.equal(after.createdMs, before.createdMs);
    assert.equal(after.updatedMs, fixture.nowMs);
    if ("revision" in after) assert.equal(after.revision, 1);
    fixture.unchanged(relabel(fixture, "a"));
  });

  Deno.test(`${noun}.update refuses an unknown one and a stale version`, () => {
    const fixture = new StoreFixture();
    fixture.ok(create("a", "one"));
    fixture.refused(reason(noun, "NOT_FOUND"), relabel(fixture, "gone"));
    fixture.refused("VERSION_CONFLICT", relabel(fixture, "a", asIndex(9)));
  });

  Deno.test(`${noun}.remove frees the name`, () => {
    const fixture = new StoreFixture();
    fixture.ok(create("a", "one"));
    fixture.ok(remove("a"));
    assert.equal(get(fixture, "a"), undefined);
    assert.equal(byName(fixture, "one"), undefined);
    fixture.refused(reason(noun, "NOT_FOUND"), remove("a"));
    fixture.ok(create("b", "one"));
  });

  Deno.test(`${noun}.remove refuses while a service uses it, and names the services`, () => {
    const fixture = new StoreFixture();
    fixture.ok(create("a", "one"), create("b", "two"));
    const task = taskSpecOf(using("one"));
    const first = fixture.addService("web", { task });
    fixture.addService("other", { task: taskSpecOf(using("two")) });
    const refused = () => fixture.refused(reason(noun, "IN_USE"), remove("a"));
    assert.equal(refused(), `Cannot remove ${noun} "one": service "web" uses it`);
    const second = fixture.addService("api", { task });
    assert.equal(refused(), `Cannot remove ${noun} "one": services "web", "api" use it`);
    fixture.ok({ kind: "service.remove", id: first.id });
    fixture.ok({ kind: "service.remove", id: second.id }, remove("a"));
  });

  Deno.test(`${noun}.remove names a few services and counts the rest`, () => {
    const fixture = new StoreFixture();
    fixture.ok(create("a", "one"));
    for (let at = 1; at <= 7; at++) {
      fixture.addService(`s${at}`, { task: taskSpecOf(using("one")) });
    }
    assert.equal(
      fixture.refused(reason(noun, "IN_USE"), remove("a")),
      `Cannot remove ${noun} "one": services "s1", "s2", "s3", "s4", "s5" and 2 more use it`,
    );
  });
}

Deno.test("secret.update with other data makes the next revision", () => {
  const fixture = new StoreFixture();
  fixture.ok(secretCreate("a", "one"));
  const sealed = { ...SEALED, box: "bmV3" };
  const update = { kind: "secret.update", id: asId<never>("a"), sizeBytes: 9, labels: {} } as const;
  fixture.ok({ ...update, sealed });
  const after = found(fixture.view.secret("a"));
  assert.equal(after.revision, 2);
  assert.equal(after.sizeBytes, 9);
  assert.deepEqual(after.sealed, sealed);
});

Deno.test("config.update with other data makes the next revision", () => {
  const fixture = new StoreFixture();
  fixture.ok(configCreate("a", "one"));
  const update = { kind: "config.update", id: asId<never>("a"), sizeBytes: 2, labels: {} } as const;
  fixture.ok({ ...update, data: "YmI=" });
  const after = found(fixture.view.config("a"));
  assert.equal(after.revision, 2);
  assert.equal(after.data, "YmI=");
});

const CLUSTER: Action = {
  kind: "cluster.create",
  cluster: {
    id: asId("c1"),
    createdMs: asIndex<never>(0),
    workerToken: SEALED,
    managerToken: SEALED,
  },
};

Deno.test("cluster.create makes the one record and refuses another", () => {
  const fixture = new StoreFixture();
  assert.equal(fixture.view.cluster(), undefined);
  fixture.ok(CLUSTER);
  assert.equal(fixture.view.cluster()?.id, "c1");
  assert.equal(fixture.view.cluster()?.createdMs, START_MS + 1_000);
  fixture.refused("ALREADY_INITIALISED", CLUSTER);
});

Deno.test("cluster.token replaces one token and leaves the other", () => {
  const fixture = new StoreFixture();
  const token = { ...SEALED, box: "bmV3" };
  fixture.refused("NOT_INITIALISED", { kind: "cluster.token", role: "worker", token });
  fixture.ok(CLUSTER);
  fixture.ok({ kind: "cluster.token", role: "worker", token });
  assert.deepEqual(fixture.view.cluster()?.workerToken, token);
  assert.deepEqual(fixture.view.cluster()?.managerToken, SEALED);
  fixture.unchanged({ kind: "cluster.token", role: "worker", token: { ...token } });
  fixture.ok({ kind: "cluster.token", role: "manager", token });
  assert.deepEqual(fixture.view.cluster()?.managerToken, token);
});

Deno.test("check.unchanged holds while every object has its version", () => {
  const fixture = new StoreFixture();
  const service = fixture.addService("web");
  fixture.addSecret("db");
  const secret = found(fixture.view.secretByName("db"));
  fixture.unchanged({
    kind: "check.unchanged",
    versions: [
      { table: "services", name: "web", version: service.version },
      { table: "secrets", name: "db", version: secret.version },
      { table: "volumes", name: "data", version: asIndex(0) },
    ],
  });
});

Deno.test("check.unchanged says what changed since the plan", () => {
  const fixture = new StoreFixture();
  const { id, version } = fixture.addService("web");
  const check = (name: string, expected: number) =>
    fixture.refused("VERSION_CONFLICT", {
      kind: "check.unchanged",
      versions: [{ table: "services", name, version: asIndex(expected) }],
    });
  const begin = 'Cannot change service "web" as planned: ';
  assert.equal(check("web", 0), `${begin}it was created meanwhile`);
  assert.equal(check("web", 99), `${begin}it is at version ${version}, not 99`);
  fixture.ok({ kind: "service.remove", id });
  assert.equal(check("web", version), `${begin}it was removed meanwhile`);
});
