/**
 * Completion in the real bash, zsh and fish against a running cluster, and the proof that none of them
 * runs what was typed.
 */
import assert from "node:assert/strict";
import { Terminal } from "../harness/terminal.ts";
import { runWarren, warrenCommand, WarrenDaemon } from "../harness/warren.ts";

/** What is typed before the key, and what the line holds after it. */
const LINES: readonly (readonly [typed: string, completed: string])[] = [
  ["warren serv", "warren service "],
  ["warren service insp", "warren service inspect "],
  ["wrn service insp", "wrn service inspect "],
  ["warren service inspect rab", "warren service inspect rabbit "],
  ["wrn secret inspect car", "wrn secret inspect carrot "],
  ["warren volume rm bur", "warren volume rm burrow "],
  ["warren node inspect mea", "warren node inspect meadow "],
  ["warren completion pow", "warren completion powershell "],
  ["warren service create x --sec", "warren service create x --secret "],
  ["warren service list -o js", "warren service list -o json "],
  ["warren service list --output=js", "warren service list --output=json "],
  ["warren service list --filter=mod", "warren service list --filter=mode="],
  ["warren service scale rab", "warren service scale rabbit="],
  ["warren --timeout 5s service inspect rab", "warren --timeout 5s service inspect rabbit "],
  ["warren apply -f man", "warren apply -f manifest.yaml "],
  ["warren apply --file=man", "warren apply --file=manifest.yaml "],
  ["warren nosuch ra", "warren nosuch ra"],
];

/** Things that would leave a file behind if they were run. */
const TRAPS = [
  "$(touch TRAP)",
  "`touch TRAP`",
  "'a b'$(touch TRAP)",
  "${x:=$(touch TRAP)}",
  "<(touch TRAP)",
];

interface Scene extends AsyncDisposable {
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A cluster with names in it, and both programs in the path. */
async function scene(): Promise<Scene> {
  const daemon = await WarrenDaemon.start({
    flags: ["--runtime", "process", "--node-name", "meadow"],
  });
  const made = [
    ["service", "create", "rabbit", "--runtime", "process", "--replicas", "0", "--", "sleep", "9"],
    ["secret", "create", "carrot", "--from-literal", "x"],
    ["volume", "create", "burrow"],
  ];
  for (const args of made) assert.equal((await daemon.run(args)).code, 0, args.join(" "));
  const dir = `${daemon.dir}/shell`;
  await Deno.mkdir(`${dir}/bin`, { recursive: true });
  const words = warrenCommand().map((word) => `'${word}'`).join(" ");
  for (const name of ["warren", "wrn"]) {
    const text = `#!/bin/sh\nWARREN_ARGV0=${name} exec ${words} "$@"\n`;
    await Deno.writeTextFile(`${dir}/bin/${name}`, text, { mode: 0o755 });
  }
  await Deno.writeTextFile(`${dir}/manifest.yaml`, "");
  const path = `${dir}/bin:${Deno.env.get("PATH") ?? ""}`;
  return {
    dir,
    env: { WARREN_HOST: daemon.host, PATH: path, HOME: dir, NO_COLOR: "1" },
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function checkLines(terminal: Terminal): Promise<void> {
  for (const [typed, completed] of LINES) assert.equal(await terminal.complete(typed), completed);
}

async function checkTraps(terminal: Terminal, dir: string): Promise<void> {
  const trap = `${dir}/trap`;
  for (const text of TRAPS) {
    const typed = `warren service ${text.replaceAll("TRAP", trap)} `;
    await terminal.complete(typed);
    await terminal.complete(typed.trimEnd());
    assert.equal(await exists(trap), false, `${text} was run`);
  }
}

async function bash({ dir, env }: Scene, setUp: readonly string[]): Promise<Terminal> {
  return await Terminal.start({
    shell: "bash --norc --noprofile -i",
    cwd: dir,
    env,
    setUp: [
      "bind 'set enable-bracketed-paste off'",
      `bind -x '"\\C-g": printf "%s\\n" "$READLINE_LINE" >>"$OUT"'`,
      ...setUp,
    ],
  });
}

Deno.test("bash completes commands, names and values, with the script read twice", async () => {
  await using place = await scene();
  const twice = "source <(warren completion bash); source <(wrn completion bash)";
  await using terminal = await bash(place, [twice]);
  await checkLines(terminal);
});

Deno.test("bash runs nothing of what was typed", async () => {
  await using place = await scene();
  await using terminal = await bash(place, ["source <(warren completion bash)"]);
  await checkTraps(terminal, place.dir);
});

Deno.test("bash completes in strict shells, too", async () => {
  await using place = await scene();
  const strict = "source <(warren completion bash); set -u; shopt -u progcomp_alias extglob";
  await using terminal = await bash(place, [strict]);
  assert.equal(await terminal.complete("warren serv"), "warren service ");
  assert.equal(
    await terminal.complete("warren service inspect rab"),
    "warren service inspect rabbit ",
  );
});

async function zsh({ dir, env }: Scene, setUp: readonly string[]): Promise<Terminal> {
  return await Terminal.start({
    shell: "zsh -f -i",
    cwd: dir,
    env,
    setUp: [
      "unsetopt zle_bracketed_paste; unset zle_bracketed_paste; PS1='$ '",
      `autoload -Uz compinit; compinit -u -d ${dir}/zcompdump`,
      'dump-line() { print -r -- "$BUFFER" >>$OUT }',
      "zle -N dump-line; bindkey '^G' dump-line; bindkey '^U' kill-whole-line",
      "source <(warren completion zsh)",
      ...setUp,
    ],
  });
}

Deno.test("zsh completes commands, names and values", async () => {
  await using place = await scene();
  await using terminal = await zsh(place, []);
  await checkLines(terminal);
});

Deno.test("zsh completes with the script as a file in its path of functions", async () => {
  await using place = await scene();
  const { stdout } = await runWarren(["completion", "zsh"]);
  await Deno.writeTextFile(`${place.dir}/_warren`, stdout);
  const load = `fpath=(${place.dir} $fpath); compinit -u -d ${place.dir}/again`;
  await using terminal = await zsh(place, ["compdef -d warren wrn", load]);
  assert.equal(await terminal.complete("warren serv"), "warren service ");
  assert.equal(await terminal.complete("wrn volume rm bur"), "wrn volume rm burrow ");
});

Deno.test("zsh runs nothing of what was typed", async () => {
  await using place = await scene();
  // With its usual binding zsh itself expands the word at the cursor before it asks anybody.
  await using terminal = await zsh(place, ["bindkey '^I' complete-word"]);
  await checkTraps(terminal, place.dir);
});

/** What fish offers for a line, one `text<tab>about` each. */
async function fish({ dir, env }: Scene, line: string): Promise<readonly string[]> {
  const { code, stdout, stderr } = await new Deno.Command("fish", {
    args: [
      "--no-config",
      "-c",
      "source (warren completion fish | psub); complete -C $argv[1]",
      line,
    ],
    cwd: dir,
    env,
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).split("\n").filter(Boolean);
}

Deno.test("fish completes commands, names and values, with what they are", async () => {
  await using place = await scene();
  for (const [typed, completed] of LINES) {
    const last = completed.trimEnd().split(" ").at(-1);
    const offered = (await fish(place, typed)).map((line) => line.split("\t")[0]);
    if (typed === completed) assert.deepEqual(offered, []);
    else assert.deepEqual(offered, [last], typed);
  }
  const [rabbit] = await fish(place, "warren service inspect rab");
  assert.match(rabbit ?? "", /^rabbit\t.*0\/0/);
});

Deno.test("fish runs nothing of what was typed", async () => {
  await using place = await scene();
  const trap = `${place.dir}/trap`;
  for (const text of ["(touch TRAP)", "$(touch TRAP)", "'x'(touch TRAP)"]) {
    await fish(place, `warren service ${text.replaceAll("TRAP", trap)} `);
    assert.equal(await exists(trap), false, `${text} was run`);
  }
});

Deno.test("completion answers without a cluster, with what needs none", async () => {
  const env = { WARREN_HOST: "unix:///nonexistent/warren.sock" };
  const names = await runWarren(["__complete", "--", "service", "inspect", ""], { env });
  assert.deepEqual([names.code, names.stdout, names.stderr], [0, ":none\n", ""]);
  const commands = await runWarren(["__complete", "--", "serv"], { env });
  assert.match(commands.stdout, /^service\t/);
});
