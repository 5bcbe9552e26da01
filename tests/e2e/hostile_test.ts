/**
 * Bad input through the real program: hundreds of manifests and command lines that must be refused,
 * each with the exit code and the manners of the contract, and a daemon that does not notice.
 *
 * The daemon runs tasks in memory only, since nothing here may ever come to run.
 */
import assert from "node:assert/strict";
import { complaintsAbout, type Refusal } from "../harness/hostile/verdict.ts";
import { type HostileCommand, hostileCommands, TAKEN_NAMES } from "../harness/hostile_flags.ts";
import {
  EMPTY_MANIFESTS,
  type HostileManifest,
  hostileManifests,
} from "../harness/hostile_manifests.ts";
import { assertUnharmed, portraitOf } from "../harness/unharmed.ts";
import { runWarren, WarrenDaemon } from "../harness/warren.ts";

/** Commands at a time. */
const AT_ONCE = 4;
/** Larger inputs take their turn alone, so that their time is their own. */
const LARGE_BYTES = 100_000;
/** Every manifest is applied; of so many, one is also planned, since both read it the same way. */
const PLAN_EVERY = 3;
/** A plan with faults exits with 1, since 2 says that there are changes. */
const VERBS = [["apply", 2], ["plan", 1]] as const;
/** Of so many attempts, one asks for JSON. */
const JSON_EVERY = 10;
/** What the rows say of faults that a person is not shown, as they are far down a long list. */
const AND_MORE = "^  and \\d+ more$";

interface Attempt extends Refusal {
  readonly name: string;
  readonly args: readonly string[];
  readonly input?: string | Uint8Array;
}

/** Makes the attempt and answers with what was wrong about its end. */
async function complaintsOf(warren: WarrenDaemon, one: Attempt): Promise<readonly string[]> {
  const startMs = performance.now();
  const done = await warren.run(one.args, one.input);
  const timed = { ...done, elapsedMs: performance.now() - startMs };
  const shown = done.stderr.slice(0, 300);
  return complaintsAbout(timed, one).map((what) => `${one.name}: ${what}\n${shown}`);
}

/** Makes every attempt, the small ones several at a time. */
async function attemptAll(warren: WarrenDaemon, attempts: readonly Attempt[]): Promise<void> {
  const complaints: string[] = [];
  const work = async (queue: Iterable<Attempt>) => {
    for (const one of queue) complaints.push(...await complaintsOf(warren, one));
  };
  const isLarge = ({ given }: Attempt) => given.length > LARGE_BYTES;
  const small = attempts.filter((one) => !isLarge(one)).values();
  await Promise.all(Array.from({ length: AT_ONCE }, () => work(small)));
  await work(attempts.filter(isLarge));
  assert.equal(complaints.length, 0, complaints.slice(0, 20).join("\n"));
}

/** A daemon with one of everything that hostile input could break. */
async function startWithState(): Promise<WarrenDaemon> {
  const warren = await WarrenDaemon.start({ flags: ["--runtime", "fake"] });
  const commands = [
    ["service", "create", "steady", "--image", "steady:1"],
    ["secret", "create", "sealed", "--from-literal", "carrot"],
    ["config", "create", "plain", "--from-literal", "lettuce"],
    ["volume", "create", "burrow"],
  ];
  for (const args of commands) {
    const { code, stderr } = await warren.run(args);
    assert.equal(code, 0, `warren ${args.join(" ")}: ${stderr}`);
  }
  return warren;
}

function commandAttempts(rows: readonly HostileCommand[]): readonly Attempt[] {
  return rows.map((row, at): Attempt => {
    const given = row.args.join(" ");
    const isJson = at % JSON_EVERY === 0 && !row.args.includes("--");
    return {
      ...row,
      name: `warren ${given.slice(0, 100)}`,
      given,
      isJson,
      ...(isJson && { args: ["-o", "json", ...row.args] }),
    };
  });
}

/** Each file by each verb, from a file and from standard input in turn. */
async function manifestAttempts(dir: string): Promise<readonly Attempt[]> {
  const attempts: Attempt[] = [];
  for (const [at, row] of [...hostileManifests()].entries()) {
    const bytes = toBytes(row.content);
    const path = `${dir}/${at}.yaml`;
    await Deno.writeFile(path, bytes);
    const verbs = at % PLAN_EVERY === 0 ? VERBS : VERBS.slice(0, 1);
    for (const [turn, [verb, code]] of verbs.entries()) {
      const isFile = (at + turn) % 2 === 0;
      attempts.push({
        name: `warren ${verb} of ${row.name}`,
        args: [verb, "-f", isFile ? path : "-"],
        code,
        given: new TextDecoder().decode(bytes),
        says: new RegExp(`${row.fault.source}|${AND_MORE}`, `m${row.fault.flags}`),
        ...(!isFile && { input: bytes }),
      });
    }
  }
  return attempts;
}

function toBytes(content: HostileManifest["content"]): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}

Deno.test("hostile command lines are refused as the contract says and change nothing", async () => {
  await using warren = await startWithState();
  const before = await portraitOf(warren);
  await attemptAll(warren, commandAttempts(hostileCommands()));
  await assertUnharmed(warren, before);
  await attemptAll(warren, commandAttempts(TAKEN_NAMES));
  assert.deepEqual((await portraitOf(warren)).lists, before.lists);
});

Deno.test("hostile manifests are refused as the contract says and change nothing", async () => {
  await using warren = await startWithState();
  const before = await portraitOf(warren);
  const attempts = [...await manifestAttempts(warren.dir)];
  for (const input of EMPTY_MANIFESTS) {
    const name = `warren apply of ${JSON.stringify(input)}`;
    const says = /holds no document/;
    attempts.push({ name, args: ["apply", "-f", "-"], code: 2, given: input, input, says });
  }
  await attemptAll(warren, attempts);
  await assertUnharmed(warren, before);
});

Deno.test("hostile flags of a daemon end it at once with a reason, and leave nothing behind", async () => {
  const dir = await Deno.makeTempDir({ prefix: "warren-hostile-" });
  try {
    const start = ["cluster", "init", "--metrics-addr", "off"];
    const init = [...start, "--runtime", "none"];
    const data = ["--data-dir", `${dir}/data`];
    const place = [...data, "--socket", `${dir}/s`, "--listen-addr", "127.0.0.1:0"];
    const rows: readonly (readonly [code: number, says: RegExp, ...args: string[]])[] = [
      [2, /--data-dir is empty/, ...init, "--data-dir", ""],
      [2, /--node-name must be/, ...init, ...place, "--node-name", "a\nb"],
      [2, /--node-name must be/, ...init, ...place, "--node-name", "n".repeat(100_000)],
      [2, /--label/, ...init, ...place, "--label", "a b=c"],
      [
        2,
        /engine at \\"garbage\\"/,
        ...start,
        ...place,
        "--runtime=docker",
        "--docker-host",
        "garbage",
      ],
      [
        2,
        /--listen-addr/,
        ...init,
        "--data-dir",
        `${dir}/data`,
        "--listen-addr",
        "127.0.0.1:99999",
      ],
      [
        1,
        /bytes, and a socket's at most/,
        ...init,
        ...data,
        "--socket",
        `/tmp/${"s".repeat(200)}`,
      ],
      [2, /needs a manager and a token/, "worker", "start", "--data-dir", `${dir}/data`],
      [1, /there is no such directory/, "daemon", "--data-dir", `${dir}/nothing`],
      [1, /Cannot use data directory/, ...init, "--data-dir", "/dev/null/data"],
    ];
    for (const [code, says, ...args] of rows) {
      const { stderr, ...done } = await runWarren(args);
      assert.match(stderr, says);
      assert.equal(done.code, code, stderr);
      assert.equal(done.stdout, "");
      assert.ok(stderr.length < 2_000, `${stderr.length} characters`);
      assert.match(stderr, /^hint: \S|"hint":"\S/m);
      // deno-lint-ignore no-control-regex -- finding control characters is the purpose
      assert.ok(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]|\n\s+at /.test(stderr), stderr);
    }
    const left = (await Array.fromAsync(Deno.readDir(dir))).map(({ name }) => name);
    assert.ok(!left.includes("nothing"), `${left} is left`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
