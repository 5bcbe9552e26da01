/** Secrets and configs as files: content, rights, completeness, cleaning, and where memory is. */
import assert from "node:assert/strict";
import { WarrenError } from "../../lib/mod.ts";
import { asId, type FileRef, type NodeId } from "../../model/mod.ts";
import { testAssignment } from "../task/testing.ts";
import { fileState } from "../local_state.ts";
import { silentLog } from "../../lib/mod.ts";
import { newLocalTask } from "../task/local_task.ts";
import { fileIdentity } from "../session/identity.ts";
import { kindOfMount } from "./memory_place.ts";
import { MountedFiles } from "./secrets_mount.ts";
import type { Assignment } from "../task/assignment.ts";

const MOUNTS = [
  "/dev/vda / ext4 rw 0 0",
  "tmpfs /run tmpfs rw 0 0",
  "/dev/vdb /run/data ext4 rw 0 0",
  "tmpfs /mnt/with\\040space ramfs rw 0 0",
  "tmpfs /over tmpfs rw 0 0",
  "/dev/vdc /over ext4 rw 0 0",
].join("\n");

Deno.test("kindOfMount finds the file system that a path is really on", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["/run/warren-x/secrets", "tmpfs"],
    ["/run", "tmpfs"],
    ["/running", "ext4"],
    ["/run/data/secrets", "ext4"],
    ["/mnt/with space/x", "ramfs"],
    ["/over/x", "ext4"],
  ];
  for (const [path, kind] of cases) assert.equal(kindOfMount(MOUNTS, path), kind, path);
  assert.equal(kindOfMount("", "/run"), "");
});

const ref = (name: string, extra: Partial<FileRef> = {}): FileRef => ({
  name,
  target: name,
  uid: Deno.uid() ?? 0,
  gid: Deno.gid() ?? 0,
  mode: 0o400,
  ...extra,
});
const bytes = (text: string) => new TextEncoder().encode(text);

function withFiles(
  secrets: Assignment["secrets"],
  configs: Assignment["configs"] = [],
): Assignment {
  const spec = {
    secrets: secrets.map((file) => file.ref),
    configs: configs.map((file) => file.ref),
  };
  return { ...testAssignment("t1", spec), secrets, configs };
}

async function inFolder(body: (files: MountedFiles, root: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir();
  const getFolder = () => Promise.resolve(`${root}/memory`);
  await Deno.mkdir(`${root}/memory`);
  try {
    await body(
      new MountedFiles({
        getFolder,
        findFolder: getFolder,
        release: () => Promise.resolve(),
      }, `${root}/configs`),
      root,
    );
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("MountedFiles writes files with their rights and says where they go", () =>
  inFolder(async (files, root) => {
    const task = withFiles(
      [{ ref: ref("key"), data: bytes("s3cret") }, {
        ref: ref("key", { target: "/etc/key", mode: 0o444 }),
        data: bytes("s3cret"),
      }],
      [{ ref: ref("app.toml"), data: bytes("a = 1") }],
    );
    const binds = await files.write(task);
    assert.deepEqual(binds.map(({ target, readOnly }) => [target, readOnly]), [
      ["/run/secrets/key", true],
      ["/etc/key", true],
      ["/app.toml", true],
    ]);
    assert.deepEqual(await files.binds(task), binds);
    const [first, second, config] = binds;
    assert.ok(first && second && config);
    assert.ok(
      first.source.startsWith(`${root}/memory/`) && config.source.startsWith(`${root}/configs/`),
    );
    assert.equal(await Deno.readTextFile(first.source), "s3cret");
    assert.equal(((await Deno.stat(first.source)).mode ?? 0) & 0o777, 0o400);
    assert.equal(((await Deno.stat(second.source)).mode ?? 0) & 0o777, 0o444);
    await files.remove(task.id);
    assert.deepEqual([
      ...Deno.readDirSync(`${root}/memory`),
      ...Deno.readDirSync(`${root}/configs`),
    ], []);
  }));

Deno.test("MountedFiles says which secret is not there, or must come again", () =>
  inFolder(async (files) => {
    const task = withFiles([{ ref: ref("key"), data: bytes("s3cret") }]);
    await assert.rejects(files.write({ ...task, secrets: [] }), /Secret "key" is not there/);
    const remembered = { ...task, secrets: [{ ref: ref("key"), data: null }] };
    const awaited = await files.write(remembered).then(
      () => assert.fail("written"),
      (error) => error,
    );
    assert.ok(awaited instanceof WarrenError);
    assert.equal(awaited.reason, "SECRET_AWAITED");
    await files.write(task);
    await files.write(remembered);
  }));

Deno.test("MountedFiles sweeps what belongs to no task", () =>
  inFolder(async (files, root) => {
    const task = withFiles([{ ref: ref("key"), data: bytes("x") }], [{
      ref: ref("c"),
      data: bytes("y"),
    }]);
    await files.write(task);
    await files.sweep(new Set(["t1"]));
    assert.equal([...Deno.readDirSync(`${root}/memory`)].length, 1);
    await files.sweep(new Set());
    assert.deepEqual([
      ...Deno.readDirSync(`${root}/memory`),
      ...Deno.readDirSync(`${root}/configs`),
    ], []);
  }));

Deno.test("fileState never keeps the data of secrets, and survives a spoiled file", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const store = fileState(folder, silentLog);
    assert.equal(await store.load(), undefined);
    const assignment = withFiles([{ ref: ref("key"), data: bytes("s3cret") }]);
    await store.save({
      bootId: "b",
      tasks: [{ assignment, local: newLocalTask(2, false), sequence: 5 }],
    });
    const text = await Deno.readTextFile(`${folder}/state.json`);
    assert.ok(
      !text.includes("s3cret") && !text.includes(btoa("s3cret")) && !text.includes("115,51,99"),
    );
    const loaded = await store.load();
    assert.equal(loaded?.tasks[0]?.local.attempt, 2);
    assert.equal(loaded?.tasks[0]?.assignment.secrets[0]?.data, null);
    assert.equal(((await Deno.stat(`${folder}/state.json`)).mode ?? 0) & 0o777, 0o600);
    await Deno.writeTextFile(`${folder}/state.json`, "{ half");
    assert.equal(await store.load(), undefined);
    assert.equal(await Deno.readTextFile(`${folder}/state.json.bad`), "{ half");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("fileIdentity keeps the credential for its owner only and refuses a spoiled file", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const store = fileIdentity(folder);
    assert.equal(await store.load(), undefined);
    const identity = { nodeId: asId<NodeId>("n1"), credential: "c", clusterId: "k" };
    await store.save(identity);
    assert.deepEqual(await store.load(), identity);
    assert.equal(((await Deno.stat(`${folder}/identity.json`)).mode ?? 0) & 0o777, 0o600);
    await Deno.writeTextFile(`${folder}/identity.json`, "{}");
    await assert.rejects(store.load(), /Cannot read/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
