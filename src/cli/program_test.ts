import assert from "node:assert/strict";
import { runProgram } from "./program.ts";
import { fakeIo, type FakeIoOptions } from "./testing/fake_io.ts";
import { ROOT } from "./tree/root.ts";
import type { Command } from "./tree/command.ts";
import { flagsOf } from "./parse/parse.ts";

/** Nothing listens there. */
const NOWHERE = { WARREN_HOST: "unix:///nonexistent/warren.sock" };

async function run(words: readonly string[], options: FakeIoOptions = {}) {
  const io = fakeIo({ env: NOWHERE, ...options });
  const code = await runProgram(words, io);
  return { code, out: io.out(), err: io.err() };
}

Deno.test("the program shows help on stdout and exits with 0", async () => {
  for (
    const words of [[], ["--help"], ["help"], ["service", "create", "-h"], ["help", "node", "ls"]]
  ) {
    const { code, out, err } = await run(words);
    assert.deepEqual([code, err], [0, ""], words.join(" "));
    assert.match(out, /Usage:\n {2}warren/);
  }
});

Deno.test("the program exits with 2 for bad usage, and says the next step on stderr", async () => {
  const { code, out, err } = await run(["srvice", "list"]);
  assert.deepEqual([code, out], [2, ""]);
  assert.equal(
    err,
    'Error: Unknown command "srvice" of "warren"\nhint: did you mean "warren service"?\n',
  );
  const group = await run(["service"]);
  assert.deepEqual([group.code, group.out], [2, ""]);
});

Deno.test("the program prints errors as JSON with -o json, also when it could not parse the rest", async () => {
  const { code, out, err } = await run(["service", "list", "--nope", "-o", "json"]);
  assert.deepEqual([code, out], [2, ""]);
  const { error } = JSON.parse(err);
  assert.deepEqual(Object.keys(error), ["code", "reason", "message", "hint"]);
  assert.equal(error.reason, "USAGE");
});

Deno.test("the program refuses an address that is none with 2", async () => {
  for (const host of ["ftp://nowhere", "", "host"]) {
    assert.equal((await run(["--host", host, "service", "list"])).code, 2, host);
  }
});

Deno.test("the program calls itself by the name it was called by", async () => {
  const { out } = await run(["service", "list", "--help"], { program: "wrn" });
  assert.match(out, /wrn service list/);
  assert.doesNotMatch(out, /warren service list/);
});

Deno.test("version prints one line, and an object with -o json", async () => {
  assert.match((await run(["version"])).out, /^warren \d+\.\d+\.\d+\n$/);
  assert.match((await run(["--version"])).out, /^warren /);
  const json = JSON.parse((await run(["version", "-o", "json"])).out);
  assert.match(json.version, /^\d+\.\d+\.\d+/);
});

function* commands(command: Command, path: readonly Command[]): Generator<readonly Command[]> {
  yield path;
  for (const sub of command.subcommands ?? []) yield* commands(sub, [...path, sub]);
}

Deno.test("every command has either subcommands or run, examples, and help that fits 80 columns", async () => {
  for (const path of commands(ROOT, [ROOT])) {
    const command = path.at(-1) ?? ROOT;
    const words = path.slice(1).map(({ name }) => name);
    assert.equal(command.subcommands === undefined, command.run !== undefined, words.join(" "));
    const { code, out } = await run([...words, "--help"]);
    assert.equal(code, 0);
    const tooLong = out.split("\n").filter((line) =>
      line.length > 80 && !line.startsWith("  warren")
    );
    assert.deepEqual(tooLong, [], words.join(" "));
  }
});

Deno.test("no command declares a flag twice, and every short flag is one letter", () => {
  for (const path of commands(ROOT, [ROOT])) {
    const command = path.at(-1) ?? ROOT;
    const own = (command.flags ?? []).flatMap((flag) => [flag.name, ...flag.synonyms ?? []]);
    assert.equal(new Set(own).size, own.length, command.name);
    const letters = flagsOf(command).flatMap(({ short }) => short === undefined ? [] : [short]);
    assert.equal(new Set(letters).size, letters.length, `${command.name}: ${letters}`);
    for (const letter of letters) assert.match(letter, /^[a-zA-Z]$/);
  }
});
