/** Tests of the tidy rules: each rule with a text that breaks it and one that does not. */
import assert from "node:assert/strict";
import { checkSources } from "./tidy.ts";
import { maskText } from "./tidying/mask.ts";
import { findFunctions, parseSource } from "./tidying/source.ts";

const HEADER = "/** What this file is for. */\n";

/** Messages for a set of files given as path and text. */
function messages(files: Readonly<Record<string, string>>): string[] {
  const sources = Object.entries(files).map(([path, text]) => parseSource(path, text));
  return checkSources(sources).map((fault) => `${fault.path}:${fault.line}: ${fault.message}`);
}

/** Messages for one file that some other file imports. */
function messagesOf(path: string, body: string): string[] {
  return messages({
    [path]: HEADER + body,
    "tests/user.ts": `${HEADER}import "../${path}";\n`,
  });
}

function assertOne(found: readonly string[], pattern: RegExp): void {
  assert.equal(found.length, 1, found.join("\n"));
  assert.match(found[0] ?? "", pattern);
}

Deno.test("maskText keeps length and lines, and blanks text that is not code", () => {
  const text = 'const a = "x // y"; // Deno.exit\n/* b\nc */ const d = `e ${f("g")} h`;\n';
  const masked = maskText(text);
  assert.equal(masked.length, text.length);
  assert.equal(masked.split("\n").length, text.split("\n").length);
  assert.doesNotMatch(masked, /Deno|[xyeghbc] /);
  assert.match(masked, /const a = " {6}"; +\n/);
  assert.match(masked, /\$\{f\(" "\)\}/);
});

Deno.test("maskText tells a regular expression from a division", () => {
  assert.equal(
    maskText("const r = /[/'\"]/g;"),
    "const r = /      g;".replace("/      ", "/     /"),
  );
  assert.equal(maskText("return /'/;"), "return / /;");
  assert.equal(maskText("const x = a / b / c;"), "const x = a / b / c;");
});

Deno.test("maskText finds the end of nested templates", () => {
  assert.equal(maskText("`a${b({ c: `d` })}e`; f"), "` ${b({ c: ` ` })} `; f");
});

Deno.test("maskText ends at an unfinished comment or string without running on", () => {
  assert.equal(maskText("a /* b").trimEnd(), "a");
  assert.equal(maskText('a "b\nc').length, 6);
});

Deno.test("findFunctions measures functions, methods and arrows past their return types", () => {
  const source = parseSource(
    "src/lib/a.ts",
    [
      "function a(x: { y: number }): { z: number } {",
      "  if (x) {",
      "  }",
      "}",
      "class B {",
      "  async m(): Promise<Map<string, { k: 1 }>> {",
      "  }",
      "}",
      "const c = (x: number): number => {",
      "};",
      "call(1, 2);",
      "interface D {",
      "  e(): { f: 1 };",
      "}",
    ].join("\n"),
  );
  const spans = findFunctions(source).map(({ name, line, lines }) => [name, line, lines]);
  assert.deepEqual(spans, [["arrow function", 9, 2], ["a", 1, 4], ["m", 6, 2]]);
});

Deno.test("parseSource lists imports of every kind, and none from text", () => {
  const source = parseSource(
    "src/cli/a.ts",
    'import { a, b as c } from "../lib/mod.ts";\nimport type { D } from "./d.ts";\n' +
      'export * from "./e.ts";\nimport "./f.ts";\nawait import("../daemon/mod.ts");\n' +
      'new URL("./g_worker.ts", import.meta.url);\n// import "./no.ts";\nconst t = `import "./no.ts"`;\n',
  );
  assert.deepEqual(source.imports.map(({ target, kind, names }) => [target, kind, names]), [
    ["src/lib/mod.ts", "static", ["a", "b"]],
    ["src/cli/d.ts", "type", ["D"]],
    ["src/cli/e.ts", "static", []],
    ["src/cli/f.ts", "static", []],
    ["src/daemon/mod.ts", "dynamic", []],
    ["src/cli/g_worker.ts", "url", []],
  ]);
});

Deno.test("tidy accepts a file that keeps every rule", () => {
  const body = 'import { a } from "../lib/mod.ts";\n/** Doubles. */\nexport const b = a * 2;\n';
  assert.deepEqual(messagesOf("src/model/b.ts", body), []);
});

Deno.test("tidy wants a header comment, but not of tests", () => {
  assert.deepEqual(messages({ "src/lib/a_test.ts": 'Deno.test("a", f);\n' }), []);
  const files = { "scripts/a.ts": "// short\nexport const a = 1;\n" };
  assertOne(messages(files), /scripts\/a\.ts:1: no header comment/);
});

Deno.test("tidy refuses names that say nothing or are not snake_case", () => {
  assertOne(messagesOf("src/lib/utils.ts", ""), /"utils" says nothing/);
  assertOne(messagesOf("src/lib/fooBar.ts", ""), /not snake_case/);
});

Deno.test("tidy refuses long files, with more room for tests", () => {
  const body = "const a = 1;\n".repeat(600);
  assertOne(messagesOf("src/lib/a.ts", body), /601 lines, at most 500/);
  assert.deepEqual(messages({ "src/lib/a_test.ts": HEADER + body }), []);
});

Deno.test("tidy refuses long functions", () => {
  const body = `function big() {\n${"  work();\n".repeat(70)}}\n`;
  assertOne(messagesOf("src/lib/a.ts", body), /:2: big has 72 lines, at most 70/);
});

Deno.test("tidy refuses full folders but not their tests", () => {
  const files: Record<string, string> = {};
  for (let n = 0; n < 26; n++) files[`scripts/x/a${n}.ts`] = HEADER;
  for (let n = 0; n < 26; n++) files[`scripts/y/a${n}_test.ts`] = HEADER;
  assertOne(messages(files), /scripts\/x:1: 26 files, at most 25/);
});

Deno.test("tidy refuses marks of unfinished work without an issue", () => {
  const mark = "TO" + "DO";
  assertOne(messagesOf("src/lib/a.ts", `// ${mark}: later\n`), /:2: unfinished work without/);
  assertOne(messagesOf("src/lib/a.ts", `// ${"FIX" + "ME"}\n`), /:2: unfinished work/);
  assert.deepEqual(messagesOf("src/lib/a.ts", `// ${mark}(#12): later\n`), []);
});

Deno.test("tidy refuses effects in pure folders and pure files, not in their tests", () => {
  for (
    const [code, word] of [
      ["Deno.exit(1)", "Deno"],
      ["fetch(url)", "fetch"],
      ["setTimeout(f, 1)", "setTimeout"],
      ["Date.now()", "Date.now"],
      ["new Date()", "new Date"],
      ["performance.now()", "performance"],
      ["Math.random()", "Math.random"],
      ["crypto.randomUUID()", "crypto"],
      ["console.log(1)", "console"],
      ["await x", "await"],
    ] as const
  ) {
    assertOne(messagesOf("src/store/a.ts", `${code};\n`), new RegExp(`:2: ${word}.* in pure code`));
    assertOne(messagesOf("src/net/dns/zone.ts", `${code};\n`), /in pure code/);
    assert.deepEqual(messagesOf("src/manager/a.ts", `${code};\n`), []);
    assert.deepEqual(messages({ "src/store/a_test.ts": `${HEADER}${code};\n` }), []);
  }
  assert.deepEqual(messagesOf("src/store/testing/a.ts", "await x;\n"), []);
  assert.deepEqual(messagesOf("src/store/a.ts", 'const a = "Deno.exit"; // await\n'), []);
});

Deno.test("tidy refuses packages in pure folders but those of the table", () => {
  assertOne(messagesOf("src/raft/a.ts", 'import "node:fs";\n'), /pure code imports "node:fs"/);
  assert.deepEqual(messagesOf("src/manifest/a.ts", 'import { parse } from "yaml";\n'), []);
});

Deno.test("tidy refuses default exports and enums", () => {
  assertOne(messagesOf("src/lib/a.ts", "export default 1;\n"), /default export/);
  assertOne(messagesOf("src/lib/a.ts", "enum A {\n}\n"), /enum; use a union/);
});

Deno.test("tidy wants doc comments on exports; one may cover a run of lines or overloads", () => {
  assertOne(messagesOf("src/lib/a.ts", "\nexport const a = 1;\n"), /:3: a is exported without/);
  const run = "/** Ids. */\nexport type A = 1;\nexport type B = 2;\n";
  assert.deepEqual(messagesOf("src/lib/a.ts", run), []);
  const overloads = "/** F. */\nexport function f(a: 1): 1;\nexport function f(a: 2): 2;\n";
  assert.deepEqual(messagesOf("src/lib/a.ts", overloads), []);
});

Deno.test("tidy holds imports to the table, and leaves tests free", () => {
  const body = 'import type { A } from "../store/mod.ts";\n';
  assertOne(messagesOf("src/agent/a.ts", body), /:2: src\/agent must not import src\/store/);
  assert.deepEqual(messages({ "src/agent/a_test.ts": HEADER + body }), []);
  assertOne(messagesOf("src/strange/a.ts", ""), /src\/strange is not in the import table/);
});

Deno.test("tidy lets tests borrow what another folder lends to tests", () => {
  const borrowed = `import { fixture } from "../store/testing/fixture.ts";\n`;
  assert.deepEqual(messagesOf("src/manager/a_test.ts", borrowed), []);
  assertOne(messagesOf("src/manager/a.ts", borrowed), /past its door/);
});

Deno.test("tidy wants other folders entered through a door", () => {
  const past = 'import { a } from "../lib/errors.ts";\n';
  assertOne(messagesOf("src/model/a.ts", past), /past its door; import src\/lib\/mod\.ts/);
  assert.deepEqual(messagesOf("src/cli/main.ts", 'import { a } from "../lib/version.ts";\n'), []);
  const generated = 'import { A } from "../rpc/gen/warren/v1/task.ts";\n';
  assert.deepEqual(messagesOf("src/client/a.ts", generated), []);
});

Deno.test("tidy lets the command line load the daemon only dynamically", () => {
  const still = 'import { a } from "../daemon/mod.ts";\n';
  assertOne(messagesOf("src/cli/a.ts", still), /only dynamically/);
  assert.deepEqual(messagesOf("src/cli/a.ts", 'void import("../daemon/mod.ts");\n'), []);
  assert.deepEqual(messagesOf("src/cli/a.ts", 'import type { D } from "../daemon/mod.ts";\n'), []);
});

Deno.test("tidy shows deciders only the read side of the store", () => {
  const body = 'import { applyActions } from "../store/mod.ts";\n';
  assertOne(messagesOf("src/scheduler/a.ts", body), /read side of the store, not applyActions/);
  const types = 'import type { StateView } from "../store/mod.ts";\n';
  assert.deepEqual(messagesOf("src/scheduler/a.ts", types), []);
});

Deno.test("tidy finds rings of imports, type-only ones included", () => {
  const found = messages({
    "src/lib/a.ts": `${HEADER}import type { B } from "./b.ts";\n`,
    "src/lib/b.ts": `${HEADER}import { a } from "./a.ts";\n`,
  });
  assertOne(found, /import cycle: src\/lib\/a\.ts -> src\/lib\/b\.ts -> src\/lib\/a\.ts/);
});

Deno.test("tidy finds files that only their own test imports", () => {
  const found = messages({
    "src/lib/a.ts": HEADER,
    "src/lib/a_test.ts": `${HEADER}import "./a.ts";\n`,
  });
  assertOne(found, /src\/lib\/a\.ts:1: nothing imports this file/);
});

Deno.test("tidy leaves generated code alone", () => {
  assert.deepEqual(messages({ "src/rpc/gen/a/B.ts": "export default 1;\n" }), []);
});
