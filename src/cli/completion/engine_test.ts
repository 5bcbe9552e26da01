import assert from "node:assert/strict";
import { ROOT } from "../tree/root.ts";
import type { NameKind } from "../tree/flag.ts";
import { type Candidate, complete, formatCompletion } from "./engine.ts";

const NAMES: Readonly<Partial<Record<NameKind, readonly string[]>>> = {
  service: ["web", "api"],
  task: ["web.1", "web.2"],
  "service-or-task": ["web", "web.1"],
  node: ["node-1"],
  secret: ["token"],
};

function lookUp(kind: NameKind): Promise<readonly Candidate[]> {
  return Promise.resolve((NAMES[kind] ?? []).map((text) => ({ text, about: kind })));
}

/** The texts offered for the last word, then the directive. */
async function offered(...words: string[]): Promise<string> {
  const { candidates, directive } = await complete(ROOT, words, lookUp);
  return [...candidates.map(({ text }) => text), `:${directive}`].join(" ");
}

Deno.test("complete offers commands, subcommands, and not hidden ones", async () => {
  const root = await offered("");
  for (const name of ["service", "task", "apply", "logs"]) {
    assert.match(root, new RegExp(`\\b${name}\\b`));
  }
  assert.equal(await offered("serv"), "service :none");
  assert.match(await offered("service", ""), /create list inspect/);
  assert.equal(await offered("svc", "inspe"), "inspect :none");
  assert.equal(await offered("nonsense", ""), ":none");
});

Deno.test("complete offers names from the cluster where a command takes them", async () => {
  assert.equal(await offered("service", "inspect", ""), "web api :none");
  assert.equal(await offered("service", "inspect", "w"), "web :none");
  assert.equal(await offered("service", "inspect", "web", ""), ":none");
  assert.equal(await offered("task", "inspect", "web"), "web.1 web.2 :none");
  assert.equal(await offered("node", "drain", ""), "node-1 :none");
  assert.equal(await offered("logs", ""), "web web.1 :none");
  assert.equal(await offered("--host", "x:1", "service", "-q", "rm", ""), "web api :none");
});

Deno.test("complete does not offer a name twice", async () => {
  assert.equal(await offered("service", "rm", "web", ""), "api :none");
  assert.equal(await offered("service", "scale", "web=3", ""), "api= :nospace");
  assert.equal(await offered("service", "scale", "w"), "web= :nospace");
});

Deno.test("complete offers flags, without those that are given", async () => {
  assert.match(await offered("service", "scale", "--de"), /^--detach :none$/);
  assert.equal(await offered("service", "scale", "-d", "--de"), ":none");
  assert.match(
    await offered("service", "create", "-e", "A=1", "--en"),
    /--env --env-file --entrypoint/,
  );
  assert.doesNotMatch(await offered("secret", "rm", "--"), /--force/);
});

Deno.test("complete offers the values of flags, after a space and after =", async () => {
  assert.equal(await offered("service", "list", "-o", "j"), "json :none");
  assert.equal(await offered("service", "list", "--output=j"), "--output=json :none");
  assert.equal(await offered("service", "list", "--filter", "na"), "name= :nospace");
  assert.equal(await offered("service", "list", "--filter=na"), "--filter=name= :nospace");
  assert.equal(await offered("service", "create", "web", "--secret", ""), "token :none");
  assert.equal(await offered("task", "list", "--node", ""), "node-1 :none");
  assert.equal(await offered("apply", "-f", ""), ":files");
  assert.equal(await offered("daemon", "--data-dir", ""), ":directories");
});

Deno.test("complete offers nothing for what follows --, nor for a command to run", async () => {
  assert.equal(await offered("exec", "web", "--", ""), ":none");
  assert.equal(await offered("exec", "web", "l"), ":none");
  assert.equal(await offered("exec", ""), "web web.1 :none");
});

Deno.test("complete offers commands after help", async () => {
  assert.equal(await offered("help", "serv"), "service :none");
  assert.equal(await offered("completion", "z"), "zsh :none");
});

Deno.test("complete answers for any words, and takes none of them for more than text", async () => {
  const rows = [
    ["--no-such", "x", ""],
    ["-"],
    ["--=", ""],
    ["service", "$(touch x)", ""],
    ["service", "inspect", "`id`"],
    ["\u0000", "\u001b[A"],
    ["-o"],
    ["service", "list", "-Zx", ""],
  ];
  for (const words of rows) assert.match(await offered(...words), /:none$/);
  assert.equal(await offered(), await offered(""));
});

Deno.test("formatCompletion keeps each candidate on its line and ends with the directive", () => {
  const candidates = [{ text: "web", about: "nginx\n1/1\t" }, { text: "api", about: "" }];
  assert.equal(
    formatCompletion({ candidates, directive: "none" }),
    "web\tnginx 1/1\napi\n:none\n",
  );
});
