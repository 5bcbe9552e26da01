/**
 * The examples of the command reference, which are those of `--help`: each is typed in a cluster where what it
 * names is there, and must succeed. Containers are pretended; what needs a real one is in getting-started.md.
 */
import assert from "node:assert/strict";
import { ROOT } from "../../scripts/packaging/paths.ts";
import { parseDoc } from "../harness/docs/blocks.ts";
import { warrenCommand, WarrenDaemon } from "../harness/warren.ts";

/** Examples that are not typed here, and why. */
const NOT_RUN: readonly (readonly [line: RegExp, reason: string])[] = [
  [/^warren (cluster init|worker start|daemon)\b/, "a daemon: getting-started.md starts each"],
  [/^warren manager join\b/, "a daemon: managers.md starts two"],
  [/^warren (cluster transfer-leader|node (promote|demote))\b/, "several managers: managers.md"],
  [
    /^warren cluster (restore|recover)\b/,
    "they work on the machine's own directory: the backup tests",
  ],
  [/\| gpg /, "it needs somebody's public key"],
  [/^warren exec /, "a pretended container runs nothing: getting-started.md"],
  [/^(source <|warren completion)/, "the completion tests run it in its own shell"],
  [/^sudo /, "it would change this machine: the install tests"],
];

/** What must be there before an example, beside the world; typed just before it. */
const BEFORE: readonly (readonly [line: RegExp, commands: string])[] = [
  [/ service create (web|db|tick) /, "warren service rm web db tick"],
  [/ secret create /, "warren secret rm token; warren service rm db; warren secret rm db-password"],
  [/ config create /, "warren config rm nginx-conf"],
  [/ volume create /, "warren service rm db; warren volume rm data"],
  [/rollback web --to 3/, "for i in 1 2 3 4; do warren service update web -e N=$i; done"],
  [/rollback web$/, "warren service update web -e LAST=1"],
  [/^warren (delete|export)/, "warren apply -f app.yaml"],
];

/** Followers end when they are interrupted. */
const FOLLOWS = /^warren (events( --since 4211.*)?|logs web -f.*)$/;

const FILES = `
printf secret >password; printf 'user nginx;' >nginx.conf; mkdir -p deploy
printf 'apiVersion: warren.io/v1\\nkind: Config\\nmetadata: {name: app}\\nspec: {data: x}\\n' >app.yaml
sed s/app/shop/ app.yaml >deploy/shop.yaml
`;

/** What examples name; typed again after each one that makes or removes something. */
const WORLD = `
has() { warren $1 list -o name | grep -qx "$2"; }
for name in old-secret db-password; do
  has secret $name || warren secret create $name --from-literal x
done
for name in old-config nginx-conf; do
  has config $name || warren config create $name --from-literal x
done
for name in old-volume data; do has volume $name || warren volume create $name; done
for name in db api; do has service $name || warren service create $name --image $name:1; done
if has service web; then warren service update web --replicas 2 --update-monitor 0s || true
else
  warren service create web --image nginx:1.27 --replicas 2 --update-monitor 0s -e OLD_SETTING=1
fi
`;

interface Typed {
  readonly code: number;
  readonly said: string;
}

/** Types a line into bash, where `warren` is the program. */
async function type(line: string, cwd: string, host: string): Promise<Typed> {
  const words = warrenCommand().map((word) => `'${word}'`).join(" ");
  // A shell function would not get the signal.
  const typed = FOLLOWS.test(line) ? line.replace("warren", `timeout -s INT 1 ${words}`) : line;
  const { code, stdout, stderr } = await new Deno.Command("timeout", {
    args: ["60", "bash", "-c", `warren() { ${words} "$@"; }; set -o pipefail; ${typed}`],
    cwd,
    env: { WARREN_HOST: host, NO_COLOR: "1", HOME: cwd },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, said: text(stdout) + text(stderr) };
}

/** A plan with changes ends with 2, and 124 is that a follower had to be interrupted. */
function expectedCodes(line: string): readonly number[] {
  if (FOLLOWS.test(line)) return [124];
  return line.startsWith("warren plan") ? [0, 2] : [0];
}

Deno.test("every example of the command reference does what it says", async () => {
  const page = await Deno.readTextFile(`${ROOT}/docs/cli-reference.md`);
  const lines = parseDoc(page).flatMap(({ text }) => text.split("\n"))
    .filter((line) => !line.startsWith("#"));
  assert.ok(lines.length > 60, `${lines.length} examples`);
  const fake = ["--runtime", "fake", "--node-name"];
  await using manager = await WarrenDaemon.start({ flags: [...fake, "node-1"] });
  const token = (await manager.run(["cluster", "join-token", "worker", "-q"])).stdout.trim();
  const join = ["--manager", manager.ready.listen_addr, "--token", token];
  const command = ["worker", "start"];
  await using _two = await WarrenDaemon.start({ command, flags: [...join, ...fake, "node-2"] });
  await using three = await WarrenDaemon.start({ command, flags: [...join, ...fake, "node-3"] });
  await using _four = await WarrenDaemon.start({ command, flags: [...join, ...fake, "node-4"] });
  const host = ["--runtime", "process", "--node-name", "node-5"];
  await using _five = await WarrenDaemon.start({ command, flags: [...join, ...host] });
  const cwd = await Deno.makeTempDir({ prefix: "warren-reference-" });
  try {
    const faults: string[] = [];
    const world = await type(`set -e; ${FILES} ${WORLD}`, cwd, manager.host);
    assert.equal(world.code, 0, world.said);
    for (const line of new Set(lines)) {
      if (NOT_RUN.some(([pattern]) => pattern.test(line))) continue;
      if (line.startsWith("warren node rm")) await three.kill("SIGTERM");
      for (const [pattern, commands] of BEFORE) {
        if (pattern.test(line)) await type(commands, cwd, manager.host);
      }
      const { code, said } = await type(line, cwd, manager.host);
      if (!expectedCodes(line).includes(code)) faults.push(`${line}\n  ${code}: ${said}`);
      if (/ (create|rm|delete|scale) /.test(line)) await type(WORLD, cwd, manager.host);
    }
    await manager.run(["service", "rm", "tick"]);
    assert.deepEqual(faults, []);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});
