import assert from "node:assert/strict";
import { type Reason, REASONS, WarrenError } from "../../lib/mod.ts";
import { exitCodeOf } from "../exit.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { aTask } from "../testing/samples.ts";
import { formatError, wantsJsonErrors } from "./error.ts";
import { filterRows, labelValues } from "./filter.ts";
import { formatFields, renderList, renderObject } from "./render.ts";
import { fitLines, paintFor } from "./style.ts";
import { formatAge, formatPort, isoTime, plural } from "./text.ts";
import { troublesOf } from "./trouble.ts";

const ROWS = [{ name: "web", labels: { team: "a" } }, { name: "api", labels: { team: "b" } }];
const KEYS = {
  name: (row: (typeof ROWS)[number]) => [row.name],
  label: (row: (typeof ROWS)[number]) => labelValues(row.labels),
};

Deno.test("filterRows: values of a key are alternatives, keys must all match, * is any text", () => {
  const names = (...filters: string[]) =>
    filterRows(ROWS, filters, KEYS).map(({ name }) => name).join(" ");
  assert.equal(names(), "web api");
  assert.equal(names("name=web"), "web");
  assert.equal(names("name=web", "name=api"), "web api");
  assert.equal(names("name=w*"), "web");
  assert.equal(names("name=w.b"), "");
  assert.equal(names("label=team"), "web api");
  assert.equal(names("label=team=b"), "api");
  assert.equal(names("label=team=b", "name=web"), "");
  assert.throws(
    () => names("nam=web"),
    (error: WarrenError) => error.hint === "did you mean name?",
  );
  assert.throws(() => names("constructor=x"), /Cannot filter by/);
});

Deno.test("renderList gives ids, names, JSON arrays and YAML, also of nothing", async () => {
  const view = {
    columns: [{ header: "NAME", cell: (row: (typeof ROWS)[number]) => row.name }],
    id: (row: (typeof ROWS)[number]) => `id-${row.name}`,
    name: (row: (typeof ROWS)[number]) => row.name,
    json: (row: (typeof ROWS)[number]) => ({ name: row.name }),
  };
  const plainOptions = { isQuiet: false, columns: null, paint: (text: string) => text };
  const as = (form: "table" | "json" | "yaml" | "name", rows = ROWS) =>
    renderList(rows, view, { ...plainOptions, form });
  assert.equal(
    await renderList(ROWS, view, { ...plainOptions, form: "json", isQuiet: true }),
    "id-web\nid-api\n",
  );
  assert.equal(await as("name"), "web\napi\n");
  assert.deepEqual(JSON.parse(await as("json")), [{ name: "web" }, { name: "api" }]);
  assert.equal(await as("yaml"), "- name: web\n- name: api\n");
  assert.deepEqual(JSON.parse(await as("json", [])), []);
  assert.equal(await as("table", []), "NAME\n");
});

Deno.test("renderObject gives one object in each form", async () => {
  const object = { id: "1", name: "web", json: { a: 1 }, text: () => "text\n" };
  assert.equal(await renderObject(object, "table", false), "text\n");
  assert.equal(await renderObject(object, "table", true), "1\n");
  assert.equal(await renderObject(object, "name", false), "web\n");
  assert.deepEqual(JSON.parse(await renderObject(object, "json", false)), { a: 1 });
  assert.equal(await renderObject(object, "yaml", false), "a: 1\n");
});

Deno.test("formatFields leaves empty values out and puts further lines below", () => {
  assert.equal(
    formatFields([["Name", "web"], ["None", ""], ["Labels", "a=1\nb=2"]]),
    "Name:    web\nLabels:  a=1\n         b=2\n",
  );
});

Deno.test("formatAge and its like are short and right at their borders", () => {
  const ages: readonly (readonly [number, string])[] = [
    [0, "just now"],
    [-5_000, "just now"],
    [1_000, "1s ago"],
    [59_999, "59s ago"],
    [60_000, "1m ago"],
    [3_600_000, "1h ago"],
    [90_000_000, "1d ago"],
  ];
  for (const [elapsedMs, text] of ages) assert.equal(formatAge(1e12 - elapsedMs, 1e12), text);
  assert.equal(formatAge(0, 1e12), "");
  assert.equal(isoTime(0), null);
  assert.equal(isoTime(1_700_000_000_000), "2023-11-14T22:13:20.000Z");
  assert.equal(plural(1, "task") + plural(2, "task"), "1 task2 tasks");
  assert.equal(formatPort({ containerPort: 80, hostPort: 0, protocol: "udp" }), "80/udp");
  assert.equal(formatPort({ containerPort: 80, hostPort: 8080, protocol: "" }), "8080->80/tcp");
});

Deno.test("formatError shows message, faults and hint, and cuts what is too much", () => {
  const faults = Array.from({ length: 60 }, (_, at) => ({ path: `f${at}`, message: "is bad" }));
  const text = formatError(
    new WarrenError("INVALID_SPEC", "Bad \u001b[31mspec", { faults, hint: "h" }),
    {
      isJson: false,
      columns: null,
    },
  );
  assert.match(text, /^Error: Bad  ?\[31mspec\n {2}f0: is bad\n/);
  assert.match(text, /f49: is bad\n {2}and 10 more\nhint: h\n$/);
});

Deno.test("wantsJsonErrors sees every spelling, and not what follows --", () => {
  for (
    const words of [["-o", "json"], ["-ojson"], ["-o=json"], ["--output=json"], [
      "--format",
      "json",
    ]]
  ) {
    assert.ok(wantsJsonErrors(["x", ...words]), words.join(" "));
  }
  for (const words of [["-o", "yaml"], ["json"], ["--", "-o", "json"]]) {
    assert.ok(!wantsJsonErrors(words), words.join(" "));
  }
});

Deno.test("exitCodeOf gives each kind of error the code of the contract", () => {
  const rows: readonly (readonly [Reason, number])[] = [
    ["COMMAND_FAILED", 1],
    ["NOT_SETTLED", 1],
    ["NODE_UNREACHABLE", 1],
    ["USAGE", 2],
    ["INVALID_SPEC", 2],
    ["CLUSTER_UNREACHABLE", 3],
    ["NO_LEADER", 3],
    ["SERVICE_NOT_FOUND", 4],
    ["SERVICE_NAME_TAKEN", 5],
    ["VERSION_CONFLICT", 5],
    ["NOT_PERMITTED", 6],
    ["TOKEN_REFUSED", 6],
    ["ABORTED_BY_USER", 130],
  ];
  for (const [reason, code] of rows) {
    assert.equal(exitCodeOf(new WarrenError(reason, "")), code, reason);
  }
  for (const reason of Object.keys(REASONS)) {
    const code = exitCodeOf(new WarrenError(reason as Reason, ""));
    assert.ok((code >= 1 && code <= 6) || code === 130, reason);
  }
});

Deno.test("paintFor colours only a terminal, and never with NO_COLOR or a dumb one", () => {
  const painted = (options: Parameters<typeof fakeIo>[0]) =>
    paintFor(fakeIo(options), "stdout")("x", "good") !== "x";
  assert.ok(painted({ terminals: ["stdout"] }));
  assert.ok(!painted({ terminals: ["stderr"] }));
  assert.ok(!painted({ terminals: ["stdout"], env: { NO_COLOR: "1" } }));
  assert.ok(painted({ terminals: ["stdout"], env: { NO_COLOR: "" } }));
  assert.ok(!painted({ terminals: ["stdout"], env: { TERM: "dumb" } }));
});

Deno.test("fitLines breaks at spaces, below the beginning, and never breaks output of a task", () => {
  const lines = ["hint: one two three four five six seven", "  node-1: a bb ccc dddd", "    | x y"];
  assert.equal(fitLines(lines, null), lines.map((line) => `${line}\n`).join(""));
  assert.equal(
    fitLines([`hint: ${"word ".repeat(9).trim()}`, `  ${"| "}${"x ".repeat(40)}`], 40),
    "hint: word word word word word word\n  word word word\n" + `  | ${"x ".repeat(40)}\n`,
  );
  assert.equal(fitLines(["a b"], 10), "a b\n");
});

Deno.test("troublesOf says once what several tasks wait for, and a single node's refusal once", () => {
  const refusal = {
    nodeId: "n",
    nodeName: "n1",
    filter: "ports",
    message: "has 80 in use",
    change: "wait",
  };
  const waiting = (id: string, slot: number) =>
    aTask({
      id,
      slot,
      state: "pending",
      nodeName: "",
      unplaced: "no node is suitable: n1 has 80 in use",
      refusals: [refusal],
    });
  const failed = aTask({ id: "f", slot: 9, state: "failed", message: "exited with 1" });
  const [both, one] = troublesOf([waiting("a", 2), failed, waiting("b", 3)]);
  assert.equal(both?.head, "web.2, web.3: no node is suitable");
  assert.deepEqual(both?.refusals, ["n1: has 80 in use; to place it here, wait"]);
  assert.equal(one?.head, "web.9 on node-1: exited with 1");
});
