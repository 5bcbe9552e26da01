/**
 * The documentation as its reader uses it: every block of commands is typed in its order, and where a page
 * shows an answer, the program must give that answer. Blocks that are not run say why in the page.
 */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { DIST_DIR, ROOT } from "../../scripts/packaging/paths.ts";
import { hostTarget } from "../../scripts/packaging/targets.ts";
import { DocImages } from "../harness/docs/images.ts";
import { Reader, type ReaderOptions } from "../harness/docs/shell.ts";
import { docker } from "../harness/docker.ts";
import { WarrenDaemon } from "../harness/warren.ts";

const FILE = `warren-${hostTarget().name}`;
/** Ports that pages and examples use, as their readers would. */
const PORTS = [2377, 6060, 8080, 9090, 18_080, 18_081, 12_377, 12_378, 12_379];

/** Manifests of the examples, with what they create. */
const EXAMPLES: readonly (readonly [file: string, resources: number])[] = [
  ["hello/hello.yaml", 1],
  ["nginx-service.yaml", 1],
  ["complete-app.yaml", 4],
];

/** Volumes of the engine; what they hold outlives the volume of the cluster. */
async function volumeNames(): Promise<readonly string[]> {
  return (await docker("volume", "ls", "-q")).split("\n");
}

/** A directory like a fresh clone with the built executable, and a reader in it. */
async function openReader(more: Partial<ReaderOptions> = {}) {
  PORTS.forEach(requireFree);
  const dir = await Deno.makeTempDir({ prefix: "warren-docs-" });
  await Deno.mkdir(`${dir}/home`);
  await Deno.mkdir(`${dir}/dist`);
  await Deno.symlink(`${DIST_DIR}/${FILE}`, `${dir}/dist/${FILE}`);
  await Deno.symlink(`${ROOT}/examples`, `${dir}/examples`);
  const env = {
    PATH: `${dir}/home/.local/bin:${Deno.env.get("PATH") ?? "/usr/bin:/bin"}`,
    WARREN_CACHE_DIR: `${dir}/cache`,
    ...more.env,
  };
  const instead = [["warren-linux-amd64", FILE] as const, ...more.instead ?? []];
  const reader = new Reader({ dir, env, instead, ...(more.names ? { names: more.names } : {}) });
  return {
    dir,
    reader,
    /** For pages that begin with an installed program. */
    async install() {
      await Deno.mkdir(`${dir}/home/.local/bin`, { recursive: true });
      await Deno.symlink(`${DIST_DIR}/${FILE}`, `${dir}/home/.local/bin/warren`);
      await Deno.symlink("warren", `${dir}/home/.local/bin/wrn`);
    },
    async [Symbol.asyncDispose]() {
      await reader[Symbol.asyncDispose]();
      await removeLeftovers(reader.nodeIds);
      await Deno.remove(dir, { recursive: true });
    },
  };
}

/** The pages use the ports that users have. */
function requireFree(port: number): void {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
  } catch (cause) {
    throw new Error(`port ${port} is taken by another program of this machine`, { cause });
  }
}

/** Removes what the reader's nodes left in the engine, and answers with how much that was. */
async function removeLeftovers(nodeIds: Iterable<string>): Promise<number> {
  let count = 0;
  for (const id of nodeIds) {
    const found = await docker("ps", "-a", "-q", "--filter", `label=io.warren.node=${id}`);
    for (const container of found.split("\n").filter(Boolean)) {
      await docker("rm", "-f", container);
      count++;
    }
  }
  return count;
}

Deno.test("getting-started.md can be followed command by command and leaves nothing behind", async () => {
  await using _images = await DocImages.make(["nginx:1.27", "nginx:1.28"]);
  await using place = await openReader();
  await place.reader.read(`${ROOT}/docs/getting-started.md`);
  const left = await Array.fromAsync(Deno.readDir(`${place.dir}/home`), ({ name }) => name);
  assert.ok(!left.includes("warren-trial"), "the trial directory is still there");
  assert.equal(await removeLeftovers(place.reader.nodeIds), 0);
});

Deno.test("managers.md can be followed command by command, from one manager to three and back", async () => {
  await using place = await openReader();
  await place.install();
  await place.reader.read(`${ROOT}/docs/managers.md`);
  const left = await Array.fromAsync(Deno.readDir(`${place.dir}/home`), ({ name }) => name);
  assert.ok(!left.includes("warren-managers"), "the directory of the try is still there");
});

/** Reads a page whose daemon would have the machine's own directories, were it not told otherwise. */
async function readPage(page: string): Promise<void> {
  const state = await Deno.makeTempDir({ prefix: "warren-docs-state-" });
  try {
    await using place = await openReader({
      env: { WARREN_HOST: `unix://${state}/warren.sock`, WARREN_DATA_DIR: `${state}/data` },
      instead: [
        [`${FILE} install`, `${FILE} install --prefix ~/.local --no-unit`],
        ["cluster init", `cluster init --socket ${state}/warren.sock`],
      ],
      names: { [Deno.hostname()]: "node-1" },
    });
    if (page !== "README.md") await place.install();
    await place.reader.read(`${ROOT}/${page}`);
    assert.equal(await removeLeftovers(place.reader.nodeIds), 0);
  } finally {
    await Deno.remove(state, { recursive: true });
  }
}

Deno.test("README.md is true command by command, from the built file to a running service", async () => {
  await using _images = await DocImages.make(["nginx:1.27"]);
  await readPage("README.md");
});

for (
  const page of [
    "docs/monitoring.md",
    "docs/profiling.md",
    "docs/host-processes.md",
    "docs/tab-completion.md",
  ]
) {
  Deno.test(`${page} can be followed command by command`, () => readPage(page));
}

Deno.test("monitoring.md names every metric that there is, and no other", async () => {
  const page = await Deno.readTextFile(`${ROOT}/docs/monitoring.md`);
  const named = [...page.matchAll(/^\| `(\w+)` \| (?:gauge|counter|histogram) \|/gm)];
  await using warren = await WarrenDaemon.start({ flags: ["--runtime", "process"] });
  const text = await (await fetch(`http://${warren.ready.metrics_addr}/metrics`)).text();
  const there = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)];
  assert.deepEqual(named.map(([, name]) => name).sort(), there.map(([, name]) => name).sort());
  for (const [, name, type] of there) {
    assert.ok(page.includes(`| \`${name}\` | ${type} |`), `${name}`);
  }
});

Deno.test("every example can be applied, and a second apply says unchanged", async () => {
  const files = (await readdir(`${ROOT}/examples`, { recursive: true })).filter((file) =>
    file.endsWith(".yaml")
  );
  assert.deepEqual(
    files.toSorted(),
    EXAMPLES.map(([file]) => file).toSorted(),
    "every manifest of examples has a row in EXAMPLES",
  );
  PORTS.forEach(requireFree);
  await using _images = await DocImages.make(["nginx:1.27-alpine"]);
  await using warren = await WarrenDaemon.start();
  const volumes = await volumeNames();
  try {
    for (const [file, resources] of EXAMPLES) {
      const args = ["apply", "-f", `${ROOT}/examples/${file}`];
      const first = await warren.run(args);
      assert.equal(first.code, 0, first.stderr);
      assert.equal(first.stdout.match(/ created\n/g)?.length, resources, first.stdout);
      const before = (await warren.json(["cluster", "info"])).raft.commitIndex;
      const second = await warren.run(args);
      assert.equal(second.code, 0, second.stderr);
      assert.equal(second.stdout.match(/ unchanged\n/g)?.length, resources, second.stdout);
      assert.equal((await warren.json(["cluster", "info"])).raft.commitIndex, before);
      assert.equal((await warren.run(["delete", ...args.slice(1)])).code, 0);
    }
  } finally {
    await removeLeftovers([warren.ready.node_id]);
    for (const name of await volumeNames()) {
      if (name.startsWith("guestbook-") && !volumes.includes(name)) {
        await docker("volume", "rm", name);
      }
    }
  }
});

Deno.test("every link between the pages leads somewhere", async () => {
  const names = (await readdir(`${ROOT}/docs`)).map((name) => `docs/${name}`);
  for (const page of ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...names]) {
    const text = await Deno.readTextFile(`${ROOT}/${page}`);
    for (const [, target = ""] of text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [file = "", anchor] = target.split("#");
      const url = new URL(
        file === "" ? page.split("/").at(-1) ?? "" : file,
        `file://${ROOT}/${page}`,
      );
      const found = await Deno.readTextFile(url).catch(() => null);
      assert.notEqual(found, null, `${page} links to ${target}, which is not there`);
      const anchors = [...(found ?? "").matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
        title.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-")
      );
      if (anchor !== undefined) assert.ok(anchors.includes(anchor), `${page}: no #${anchor}`);
    }
  }
});

Deno.test("every manifest in the pages is accepted", async () => {
  await using warren = await WarrenDaemon.start({ flags: ["--runtime", "fake"] });
  let count = 0;
  for (const name of await readdir(`${ROOT}/docs`)) {
    const text = await Deno.readTextFile(`${ROOT}/docs/${name}`);
    for (const [, manifest = ""] of text.matchAll(/^```yaml\n(apiVersion:[^`]*)```$/gm)) {
      const { code, stderr } = await warren.run(["plan", "-f", "-"], manifest);
      assert.equal(code, 2, `${name}: ${stderr}`);
      count++;
    }
  }
  assert.ok(count > 0);
});
