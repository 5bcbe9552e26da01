/**
 * The portable files as a person meets them: first start, hostile machines, damaged downloads, other targets.
 *
 * Runs what scripts/build --all left in dist. Cases that mount file systems need root on Linux.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { inspectPortable } from "../../scripts/packaging/inspect.ts";
import { DIST_DIR } from "../../scripts/packaging/paths.ts";
import { hostTarget, isExecutableOf, TARGETS } from "../../scripts/packaging/targets.ts";

const FILE = `${DIST_DIR}/warren-${hostTarget().name}`;
const CAN_MOUNT = Deno.build.os === "linux" && Deno.uid() === 0;
const NOBODY = 65534;
const VERSION = /^warren \d+\.\d+\.\d+/;

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

async function run(argv: readonly string[], options: RunOptions = {}): Promise<Result> {
  const [program = "", ...args] = argv;
  const output = await new Deno.Command(program, {
    args,
    stdin: "null",
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin", ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code: output.code, stdout: text(output.stdout), stderr: text(output.stderr) };
}

/** A directory of its own for a test, removed at its end. */
async function makeDir(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir({ prefix: "warren-portable-" });
  await Deno.chmod(path, 0o755);
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

function assertStarted(result: Result): void {
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stdout, VERSION);
}

/** The complaint of a start that must fail without a trace left behind. */
function assertRefused(result: Result, pattern: RegExp): void {
  assert.equal(result.code, 1, result.stdout + result.stderr);
  assert.equal(result.stdout, "");
  assert.match(result.stderr, pattern);
  assert.match(result.stderr, /^hint: /m);
}

async function namesIn(dir: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(dir), (entry) => entry.name)).sort();
}

/** A shell script in a mount namespace of its own, so that what it mounts is gone with it. */
function inNamespace(script: string, options: RunOptions = {}): Promise<Result> {
  return run(["unshare", "--mount", "--propagation", "private", "sh", "-euc", script], options);
}

Deno.test("portable file: the first start unpacks, the next one changes nothing", async () => {
  await using dir = await makeDir();
  const env = { WARREN_CACHE_DIR: `${dir.path}/a/cache` };
  assertStarted(await run([FILE, "version"], { env }));
  const names = await namesIn(env.WARREN_CACHE_DIR);
  assert.deepEqual(names.map((name) => name.replace(/-.*/, "")), ["program", "runtime"]);
  const runtime = `${env.WARREN_CACHE_DIR}/${names[1]}/deno`;
  const before = await Deno.stat(runtime);
  const second = await run([FILE, "version"], { env });
  assertStarted(second);
  assert.equal(second.stderr, "");
  assert.deepEqual((await Deno.stat(runtime)).ino, before.ino);
});

Deno.test("portable file: six first starts at once all succeed and leave one copy", async () => {
  await using dir = await makeDir();
  const env = { WARREN_CACHE_DIR: `${dir.path}/cache` };
  const starts = Array.from({ length: 6 }, () => run([FILE, "version"], { env }));
  for (const result of await Promise.all(starts)) assertStarted(result);
  const names = await namesIn(env.WARREN_CACHE_DIR);
  assert.equal(names.length, 2, names.join(" "));
  const runtime = names.find((name) => name.startsWith("runtime-")) ?? "";
  assert.deepEqual(await namesIn(`${env.WARREN_CACHE_DIR}/${runtime}`), ["deno"]);
});

Deno.test("portable file: an unpacked copy that lost its contents is replaced", async () => {
  await using dir = await makeDir();
  const env = { WARREN_CACHE_DIR: `${dir.path}/cache` };
  assertStarted(await run([FILE, "version"], { env }));
  for (const name of await namesIn(env.WARREN_CACHE_DIR)) {
    const main = name.startsWith("runtime-") ? "deno" : "main.js";
    await Deno.truncate(`${env.WARREN_CACHE_DIR}/${name}/${main}`);
  }
  assertStarted(await run([FILE, "version"], { env }));
});

Deno.test("portable file: a truncated download says so and what to do", async () => {
  await using dir = await makeDir();
  const file = `${dir.path}/warren`;
  await Deno.copyFile(FILE, file);
  const { size } = await Deno.stat(file);
  for (const bytes of [size - 1, 30_000_000, 20_000]) {
    await Deno.truncate(file, bytes);
    const result = await run([file, "version"], { env: { WARREN_CACHE_DIR: `${dir.path}/cache` } });
    assertRefused(result, new RegExp(`has ${bytes} bytes instead of ${size}, so it is incomplete`));
  }
});

Deno.test("portable file: a damaged download is found and nothing of it stays", async () => {
  await using dir = await makeDir();
  const file = `${dir.path}/warren`;
  await Deno.copyFile(FILE, file);
  const handle = await Deno.open(file, { write: true });
  await handle.seek(20_000_000, Deno.SeekMode.Start);
  await handle.write(new Uint8Array(64).fill(0x55));
  handle.close();
  const result = await run([file, "version"], { env: { WARREN_CACHE_DIR: `${dir.path}/cache` } });
  assertRefused(result, /its contents are damaged/);
  assert.deepEqual(await namesIn(`${dir.path}/cache`), []);
});

Deno.test("portable file: it becomes the program, and tells it its own path and name", async () => {
  await using dir = await makeDir();
  const probe = `${dir.path}/probe`;
  await Deno.writeTextFile(probe, '#!/bin/sh\necho "$$|$WARREN_EXECUTABLE|$WARREN_ARGV0"\n');
  await Deno.chmod(probe, 0o755);
  await Deno.symlink(FILE, `${dir.path}/wrn`);
  const child = new Deno.Command("./wrn", {
    args: ["version"],
    cwd: dir.path,
    stdout: "piped",
    env: { WARREN_CACHE_DIR: `${dir.path}/cache`, WARREN_RUN_WITH: probe },
  }).spawn();
  const { stdout } = await child.output();
  const [pid, executable, name] = new TextDecoder().decode(stdout).trim().split("|");
  assert.equal(Number(pid), child.pid, "the same process, so that signals reach it");
  assert.equal(await Deno.realPath(executable ?? ""), await Deno.realPath(FILE));
  assert.match(executable ?? "", /^\//);
  assert.equal(name, "wrn");
});

Deno.test("portable file: it answers to wrn through a symbolic link, from the path and by name", async () => {
  await using dir = await makeDir();
  await Deno.symlink(FILE, `${dir.path}/wrn`);
  const env = { WARREN_CACHE_DIR: `${dir.path}/cache`, PATH: `${dir.path}:/usr/bin:/bin` };
  assertStarted(await run([`${dir.path}/wrn`, "version"], { env }));
  assertStarted(await run(["sh", "-c", "wrn version"], { env, cwd: "/" }));
  assertStarted(await run(["sh", "wrn", "version"], { env, cwd: dir.path }));
});

Deno.test("portable file: old versions go after a week, unless a process runs from them", async () => {
  await using dir = await makeDir();
  const cache = `${dir.path}/cache`;
  const [old, used, recent] = ["program-old", "runtime-used", "program-recent"];
  for (const name of [old, used, recent]) {
    await Deno.mkdir(`${cache}/${name}`, { recursive: true });
    if (name !== recent) await Deno.utime(`${cache}/${name}`, new Date(0), new Date(0));
  }
  const user = new Deno.Command("sh", {
    args: ["-c", "read line", `${cache}/${used}/deno`],
    stdin: "piped",
  })
    .spawn();
  try {
    assertStarted(await run([FILE, "version"], { env: { WARREN_CACHE_DIR: cache } }));
    const names = await namesIn(cache);
    assert.equal(names.includes(old), false);
    assert.equal(names.includes(used), true);
    assert.equal(names.includes(recent), true);
  } finally {
    await user.stdin.close();
    await user.status;
  }
});

Deno.test({
  name: "portable file: a read-only home and a foreign cache are passed over for one of its own",
  ignore: !CAN_MOUNT,
  fn: async () => {
    await using dir = await makeDir();
    const asNobody = `setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups`;
    const result = await inNamespace(
      `mount -t tmpfs none /var/cache
       mount -t tmpfs -o mode=1777 none /var/tmp
       mkdir -p ${dir.path}/home /var/tmp/warren-cache-foreign
       HOME=${dir.path}/home ${asNobody} ${FILE} version
       ls -ld /var/tmp/warren-cache-${NOBODY}/runtime-* >&2`,
    );
    assertStarted(result);
    assert.match(result.stderr, /^drwxr-xr-x /);
    assert.deepEqual(await namesIn(`${dir.path}/home`), []);
  },
});

Deno.test({
  name:
    "portable file: directories without execution are passed over, down to the one beside the file",
  ignore: !CAN_MOUNT,
  fn: async () => {
    const result = await inNamespace(
      `mount -t tmpfs none /mnt
       cp ${FILE} /mnt/warren
       for d in /var/cache /var/tmp /dev/shm /tmp; do mount -t tmpfs -o noexec none $d; done
       mkdir /tmp/home
       cd /tmp
       HOME=/tmp/home /mnt/warren version
       ls -A /mnt >&2`,
    );
    assertStarted(result);
    assert.match(result.stderr, /^\.warren-cache$/m);
  },
});

Deno.test({
  name: "portable file: where no directory will do, it names each with its reason",
  ignore: !CAN_MOUNT,
  fn: async () => {
    await using dir = await makeDir();
    await Deno.copyFile(FILE, `${dir.path}/warren`);
    const result = await inNamespace(
      `mount --bind ${dir.path} /mnt
       mount -o remount,ro,bind /mnt
       for d in /var/cache /var/tmp /dev/shm /tmp; do mount -t tmpfs -o noexec none $d; done
       cd /tmp
       /mnt/warren version`,
    );
    assertRefused(result, /no directory will do/);
    assert.match(result.stderr, /\/var\/cache\/warren: programs may not be executed there/);
    assert.match(result.stderr, /\/mnt\/\.warren-cache: cannot be created/);
    assert.match(result.stderr, /set WARREN_CACHE_DIR/);
  },
});

Deno.test({
  name: "portable file: a full disk is named as the reason and left clean",
  ignore: !CAN_MOUNT,
  fn: async () => {
    const result = await inNamespace(
      `mount -t tmpfs -o size=20m none /mnt
       WARREN_CACHE_DIR=/mnt/cache ${FILE} version || code=$?
       ls -A /mnt/cache >&2
       exit $code`,
    );
    assertRefused(result, /\/mnt\/cache: no space left/);
    assert.doesNotMatch(result.stderr, /unpack\./);
  },
});

Deno.test({
  name: "portable file: a cache that may not be written still starts the program",
  ignore: !CAN_MOUNT,
  fn: async () => {
    await using dir = await makeDir();
    const env = { WARREN_CACHE_DIR: `${dir.path}/cache` };
    assertStarted(await run([FILE, "version"], { env }));
    const asNobody = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
    assertStarted(await run([...asNobody, FILE, "version"], { env }));
    const script = `mount --bind ${dir.path} ${dir.path}
      mount -o remount,ro,bind ${dir.path}
      ${FILE} version`;
    assertStarted(await inNamespace(script, { env }));
  },
});

Deno.test("portable files: each holds an executable of its own target and the same program", async () => {
  const programs = new Set<string>();
  for (const target of TARGETS) {
    const parts = await inspectPortable(`${DIST_DIR}/warren-${target.name}`);
    assert.ok(isExecutableOf(target, parts.runtime), target.name);
    const others = TARGETS.filter((other) => other !== target);
    assert.ok(!others.some((other) => isExecutableOf(other, parts.runtime)), target.name);
    programs.add(JSON.stringify([...parts.program]));
  }
  assert.equal(programs.size, 1);
});

Deno.test("SHA256SUMS: has the digest of every file that is handed out", async () => {
  const lines = (await Deno.readTextFile(`${DIST_DIR}/SHA256SUMS`)).trim().split("\n");
  const sums = new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)]));
  for (const target of TARGETS) {
    const name = `warren-${target.name}`;
    const digest = createHash("sha256").update(await Deno.readFile(`${DIST_DIR}/${name}`));
    assert.equal(sums.get(name), digest.digest("hex"), name);
  }
});

Deno.test("portable file: one for another machine says which machine it is for", async () => {
  const other = hostTarget().name === "linux-arm64" ? "linux-amd64" : "linux-arm64";
  await using dir = await makeDir();
  const env = { WARREN_CACHE_DIR: `${dir.path}/cache` };
  const result = await run([`${DIST_DIR}/warren-${other}`, "version"], { env });
  assertRefused(result, new RegExp(`This file is Warren for ${other}, and this machine is `));
});

Deno.test({
  name: "portable file: the one for linux-arm64 starts, under an emulator",
  ignore: hostTarget().name !== "linux-amd64",
  fn: async () => {
    await using dir = await makeDir();
    const result = await run([`${DIST_DIR}/warren-linux-arm64`, "version"], {
      env: {
        WARREN_CACHE_DIR: `${dir.path}/cache`,
        WARREN_RUN_WITH: "qemu-aarch64-static -L /usr/aarch64-linux-gnu",
      },
    });
    assertStarted(result);
  },
});
