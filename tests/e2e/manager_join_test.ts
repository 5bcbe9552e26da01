/**
 * Machines that join as managers: refused for a reason, killed in the middle, two at once, after the
 * founder is gone.
 *
 * `WARREN_SEED` repeats the moments of a run.
 */
import assert from "node:assert/strict";
import { Prng } from "../../src/lib/mod.ts";
import { type GroupNode, NodeGroup } from "../harness/managers.ts";
import { type Finished, runWarren, warrenCommand } from "../harness/warren.ts";

const SEED = Number(Deno.env.get("WARREN_SEED") ?? Date.now() % 100_000);
const KILLS = 3;

interface Refused {
  readonly reason: string;
  readonly message: string;
  readonly hint: string;
}

/** Runs a daemon that must end by itself; gives its exit code and the error of its log. */
async function refusal(node: GroupNode, ...command: readonly string[]) {
  const finished: Finished = await runWarren([
    ...command,
    ...["--data-dir", `${node.dir}/data`, "--socket", `${node.dir}/warren.sock`],
    ...["--log-format", "json", ...node.flags],
  ]);
  const lines = finished.stderr.trim().split("\n").map((line) => JSON.parse(line));
  const error: Refused = lines.findLast(({ level }) => level === "error");
  return { code: finished.code, ...error };
}

function joining(managers: string, token: string): readonly string[] {
  return ["manager", "join", "--manager", managers, "--token", token];
}

Deno.test("manager join says what is wrong, and goes on in the same directory once it is right", async () => {
  await using group = await NodeGroup.start("m1");
  await using other = await NodeGroup.start("o1");
  const m1 = group.get("m1");
  const [token, workers, foreign] = [
    await group.token("manager"),
    await group.token("worker"),
    await other.token("manager"),
  ];
  const m2 = await group.make("m2");
  const wrong = await refusal(m2, ...joining(m1.api, foreign));
  assert.deepEqual([wrong.code, wrong.reason], [1, "TOKEN_REFUSED"]);
  assert.match(wrong.hint, /join-token manager/);
  const misused = await refusal(m2, ...joining(m1.api, workers));
  assert.match(misused.message, /the token is the workers', not the managers'/);
  const none = await refusal(m2, "manager", "join", "--manager", m1.api);
  assert.deepEqual([none.code, none.reason], [2, "USAGE"]);

  // A worker's start with the managers' token.
  const w1 = await group.make("w1");
  const worker = await refusal(w1, "worker", "start", "--manager", m1.api, "--token", token);
  assert.match(worker.message, /the token is the managers', not the workers'/);

  // The name of another node, on another machine.
  const twin = await other.make("m1");
  const same = await refusal(twin, ...joining(m1.api, token));
  assert.deepEqual([same.code, same.reason], [1, "NODE_NAME_TAKEN"]);
  assert.match(same.hint, /--node-name/);

  await m2.start(...joining(m1.api, token));
  await group.untilWhole(["m1", "m2"]);
  // A directory of another cluster resumes as what it is: it never mixes with this one.
  const o1 = other.get("o1");
  await o1.end("SIGTERM");
  await o1.start(...joining(m1.api, token));
  await other.untilWhole(["o1"]);
  assert.match(o1.daemon.lines.join("\n"), /resumes in its cluster: --manager and --token count/);
  assert.deepEqual((await group.members(m1)).map(({ name }) => name).sort(), ["m1", "m2"]);
});

Deno.test("a joiner that is killed at any moment joins as one node when it is started again", async () => {
  await using group = await NodeGroup.start("m1", "m2");
  const token = await group.token("manager");
  const follower = await group.follower();
  const prng = new Prng(SEED);
  const m3 = await group.make("m3");
  for (let kill = 0; kill < KILLS; kill++) await startAndKill(m3, follower, { token, prng });
  await m3.start(...joining(follower.api, token));
  await group.untilWhole();
  const names = (await m3.json("node", "list")).map(({ name }: { name: string }) => name);
  assert.deepEqual(names.sort(), ["m1", "m2", "m3"], `seed ${SEED}`);
});

/** Starts a joiner and kills it within its first second. */
async function startAndKill(
  node: GroupNode,
  through: GroupNode,
  { token, prng }: { readonly token: string; readonly prng: Prng },
): Promise<void> {
  const [program, ...before] = warrenCommand();
  const child = new Deno.Command(program, {
    args: [
      ...before,
      ...joining(through.api, token),
      ...["--data-dir", `${node.dir}/data`, "--socket", `${node.dir}/warren.sock`, ...node.flags],
    ],
    ...{ stdin: "null", stdout: "null", stderr: "null" },
  }).spawn();
  const late = new Promise((resolve) => setTimeout(resolve, prng.below(1_000)));
  await Promise.race([late, child.status]);
  await late;
  child.kill("SIGKILL");
  await child.status;
}

Deno.test("two join at once; the founder is removed for good, and the rest goes on and restarts", async () => {
  await using group = await NodeGroup.start("m1");
  const m1 = group.get("m1");
  const token = await group.token("manager");
  const [m2, m3] = [await group.make("m2"), await group.make("m3")];
  await Promise.all([m2, m3].map((node) => node.start(...joining(m1.api, token))));
  await group.untilWhole();
  await m1.ok("config", "create", "c", "--from-literal", "x");

  await m1.end("SIGTERM");
  await group.untilGone("m1", m2);
  await m2.ok("node", "rm", "m1");
  await group.untilWhole(["m2", "m3"]);
  await Promise.all([m2, m3].map((node) => node.end("SIGKILL")));
  await Promise.all([m2, m3].map((node) => node.start()));
  await group.untilWhole(["m2", "m3"]);
  assert.equal((await m3.json("config", "list")).length, 1);

  // Its machine comes back with an empty directory, through a follower.
  await Deno.remove(`${m1.dir}/data`, { recursive: true });
  const follower = await group.follower();
  await m1.start(...joining(follower.api, token));
  await group.untilWhole(["m1", "m2", "m3"]);
  const names = (await m1.json("node", "list")).map(({ name }: { name: string }) => name);
  assert.deepEqual(names.sort(), ["m1", "m2", "m3"]);
});
