import assert from "node:assert/strict";
import { WarrenError } from "../../lib/mod.ts";
import type { Command } from "../tree/command.ts";
import { locate, parseLine, unknownCommand } from "./parse.ts";

const run = () => Promise.resolve(0);
const ROOT: Command = {
  name: "warren",
  summary: "Root",
  subcommands: [
    {
      name: "service",
      aliases: ["svc"],
      summary: "Services",
      subcommands: [
        {
          name: "create",
          summary: "Create",
          args: [{ name: "NAME", summary: "name" }],
          rest: "COMMAND",
          flags: [
            { name: "image", value: "IMAGE", summary: "image" },
            { name: "env", short: "e", value: "K=V", repeats: true, summary: "env" },
            { name: "replicas", value: "N", form: "count", summary: "replicas" },
            { name: "detach", short: "d", summary: "detach" },
            { name: "tail", short: "n", synonyms: ["lines"], value: "N", summary: "tail" },
          ],
          run,
        },
        {
          name: "list",
          aliases: ["ls"],
          summary: "List",
          flags: [{ name: "filter", value: "K=V", form: "pair", repeats: true, summary: "f" }],
          run,
        },
      ],
    },
    {
      name: "exec",
      summary: "Exec",
      args: [{ name: "TASK", summary: "task" }],
      rest: "COMMAND",
      restAfterFirstArg: true,
      flags: [
        { name: "interactive", short: "i", summary: "stdin" },
        { name: "tty", short: "t", summary: "tty" },
      ],
      run,
    },
    {
      name: "worker",
      summary: "Worker",
      flags: [{ name: "manager", value: "HOST", repeats: true, summary: "own flag" }],
      run,
    },
  ],
};

function parse(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return parseLine(locate(ROOT, words), (name) => env[name]);
}

/** The error of a bad line, as its message and hint. */
function fault(...words: string[]): string {
  try {
    parse(words);
  } catch (error) {
    if (error instanceof WarrenError && error.reason === "USAGE") {
      return `${error.message} / ${error.hint ?? ""}`;
    }
    throw error;
  }
  return "none";
}

Deno.test("parse takes values after a space, after =, and attached to a short flag", () => {
  for (
    const words of [
      ["--image", "a", "-e", "K=V", "web"],
      ["--image=a", "-e=K=V", "web"],
      ["web", "-eK=V", "--image", "a"],
    ]
  ) {
    const line = parse(["service", "create", ...words]);
    assert.equal(line.flags.text("image"), "a");
    assert.deepEqual(line.flags.all("env"), ["K=V"]);
    assert.deepEqual(line.args, ["web"]);
  }
});

Deno.test("parse keeps values as text, whatever they look like", () => {
  const line = parse(["service", "create", "007", "--image=", "-e", "-x", "-e", "1e3", "-n", "-1"]);
  assert.deepEqual(line.args, ["007"]);
  assert.equal(line.flags.text("image"), "");
  assert.deepEqual(line.flags.all("env"), ["-x", "1e3"]);
  assert.equal(line.flags.text("tail"), "-1");
});

Deno.test("parse combines short switches, and the last one may take a value", () => {
  assert.ok(parse(["exec", "-it", "web"]).flags.isOn("tty"));
  const line = parse(["service", "create", "-dn5", "web"]);
  assert.ok(line.flags.isOn("detach"));
  assert.equal(line.flags.text("tail"), "5");
});

Deno.test("parse understands shared flags anywhere, also before the command", () => {
  for (const words of [["-o", "json", "service", "ls"], ["service", "-ojson", "ls"]]) {
    const line = parse(words);
    assert.equal(line.command.name, "list");
    assert.equal(line.flags.text("output"), "json");
  }
  assert.equal(parse(["--host", "a:1", "svc", "list", "-o=json"]).flags.text("host"), "a:1");
});

Deno.test("parse accepts older spellings, but a command's own flag comes first", () => {
  assert.equal(parse(["service", "list", "--manager", "m:1"]).flags.text("host"), "m:1");
  assert.equal(parse(["service", "list", "--format", "json"]).flags.text("output"), "json");
  const worker = parse(["worker", "--manager", "m:1"]);
  assert.equal(worker.flags.text("manager"), "m:1");
  assert.equal(worker.flags.has("host"), false);
});

Deno.test("parse leaves what follows -- alone, and an empty rest is not none", () => {
  const line = parse(["service", "create", "web", "--", "sh", "-c", "--image x"]);
  assert.deepEqual(line.rest, ["sh", "-c", "--image x"]);
  assert.deepEqual(parse(["service", "create", "web", "--"]).rest, []);
  assert.equal(parse(["service", "create", "web"]).rest, null);
});

Deno.test("parse gives a command to run everything after its target, with or without --", () => {
  assert.deepEqual(parse(["exec", "web", "ls", "-la"]).rest, ["ls", "-la"]);
  assert.deepEqual(parse(["exec", "web", "-i", "--", "ls"]).rest, ["ls"]);
  assert.ok(parse(["exec", "web", "-i", "--", "ls"]).flags.isOn("interactive"));
});

Deno.test("parse reads switches with true and false", () => {
  assert.ok(!parse(["service", "create", "web", "--detach=false"]).flags.isOn("detach"));
  assert.ok(parse(["service", "create", "web", "--detach=true"]).flags.isOn("detach"));
  assert.ok(parse(["service", "list", "--no-trunc"]).flags.isOn("no-trunc"));
});

Deno.test("parse takes what is not given from the environment", () => {
  const env = { WARREN_HOST: "unix:///x", WARREN_LOG_LEVEL: "debug" };
  assert.equal(parse(["service", "ls"], env).flags.text("host"), "unix:///x");
  assert.equal(parse(["service", "ls", "--host", "a:1"], env).flags.text("host"), "a:1");
  assert.throws(() => parse(["service", "ls"], { WARREN_LOG_LEVEL: "loud" }), /log-level/);
});

Deno.test("parse names what is wrong and what was probably meant", () => {
  const rows: readonly (readonly [words: readonly string[], said: RegExp])[] = [
    [["service", "create", "a", "--imge", "x"], /Unknown flag "--imge".*--image/],
    [["service", "list", "-Z"], /Unknown flag "-Z"/],
    [["service", "create", "a", "--image"], /--image needs a value: IMAGE/],
    [["service", "create", "a", "--image", "--replicas", "2"], /needs a value.*--image=--replicas/],
    [["service", "create", "a", "--image", "--", "x"], /needs a value/],
    [["service", "create", "a", "--image", "x", "--image", "y"], /more than once/],
    [["service", "create", "a", "--detach=maybe"], /takes no value/],
    [["service", "create", "a", "--replicas", "-1"], /"-1" for --replicas.*whole number/],
    [["service", "create", "a", "--replicas", "1.5"], /whole number/],
    [["service", "create", "a", "--replicas", "99999999999"], /whole number/],
    [["service", "list", "--filter", "nonsense"], /KEY=VALUE/],
    [["service", "list", "-o", "xml"], /"xml" for --output.*table/],
    [["service", "list", "extra"], /Unexpected argument "extra"/],
    [["service", "create", "a", "b"], /Unexpected argument "b".*"--"/],
    [["service", "create"], /NAME is missing/],
    [["service", "create", ""], /NAME is empty/],
    [["service", "list", "--timeout", "later"], /duration/],
    [["service", "list", "\u001b[31m"], /"\\u001b\[31m"/],
  ];
  for (const [words, said] of rows) assert.match(fault(...words), said, words.join(" "));
});

Deno.test("locate finds the group in which a word is unknown", () => {
  const located = locate(ROOT, ["service", "lst"]);
  assert.equal(located.unknown, "lst");
  assert.match(unknownCommand(located, "wrn").message, /"lst" of "wrn service"/);
  const hint = (unknownCommand(located, "wrn") as WarrenError).hint;
  assert.equal(hint, 'did you mean "wrn service list"?');
});

Deno.test("parse cannot be made to write into prototypes", () => {
  assert.match(fault("service", "list", "--__proto__.x=1"), /Unknown flag/);
  const line = parse(["service", "list", "--filter", "__proto__=1"]);
  const pairs = line.flags.pairs("filter");
  assert.deepEqual(Object.keys(pairs), ["__proto__"]);
  assert.equal(Object.getPrototypeOf(pairs), Object.prototype);
});
