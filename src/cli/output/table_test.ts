import assert from "node:assert/strict";
import { displayWidth } from "./style.ts";
import { type Column, formatTable, type TableOptions } from "./table.ts";

interface Row {
  readonly name: string;
  readonly state: string;
  readonly text: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { header: "NAME", cell: ({ name }) => name },
  { header: "STATE", cell: ({ state }) => state, tone: () => "good" },
  { header: "TEXT", cell: ({ text }) => text, shrinkTo: 6 },
  { header: "MORE", cell: () => "more", wide: true },
];
const PLAIN: TableOptions = { columns: null, isWide: false, paint: (text) => text };
const ROWS: readonly Row[] = [
  { name: "web", state: "running", text: "a rather long text" },
  { name: "database", state: "failed", text: "" },
];

Deno.test("formatTable lines columns up and leaves no space at the ends of lines", () => {
  assert.equal(
    formatTable(ROWS, COLUMNS, PLAIN),
    [
      "NAME       STATE     TEXT",
      "web        running   a rather long text",
      "database   failed",
      "",
    ].join("\n"),
  );
});

Deno.test("formatTable shows wide columns only when asked", () => {
  assert.match(formatTable(ROWS, COLUMNS, { ...PLAIN, isWide: true }), /MORE/);
  assert.doesNotMatch(formatTable(ROWS, COLUMNS, PLAIN), /MORE/);
});

Deno.test("formatTable cuts only what may be cut, and only as far as needed", () => {
  const text = formatTable(ROWS, COLUMNS, { ...PLAIN, columns: 30 });
  for (const line of text.split("\n")) assert.ok(displayWidth(line) <= 30, line);
  assert.match(text, /a rather l…/);
  assert.match(text, /database/);
  const least = formatTable(ROWS, COLUMNS, { ...PLAIN, columns: 5 });
  assert.match(least, /a rat…/);
});

Deno.test("formatTable leaves out what yields once cutting is not enough, emptiest first", () => {
  const columns: readonly Column<Row>[] = [
    { header: "NAME", cell: ({ name }) => name },
    { header: "EMPTY", cell: () => "", yields: 9 },
    { header: "STATE", cell: ({ state }) => state, yields: 2 },
    { header: "PORT", cell: () => "8080", yields: 1 },
    { header: "TEXT", cell: ({ text }) => text, shrinkTo: 12 },
  ];
  const header = (cells: number) =>
    formatTable(ROWS, columns, { ...PLAIN, columns: cells }).split("\n")[0];
  assert.equal(header(60), "NAME       EMPTY   STATE     PORT   TEXT");
  assert.equal(header(40), "NAME      STATE    PORT  TEXT");
  assert.equal(header(32), "NAME      STATE    TEXT");
  assert.equal(header(22), "NAME      TEXT");
  const wide = formatTable(ROWS, columns, { ...PLAIN, columns: 22, isWide: true });
  assert.equal(wide.split("\n")[0], "NAME       EMPTY   STATE     PORT   TEXT");
});

Deno.test("formatTable counts cells, not code units", () => {
  const rows = [{ name: "兔子", state: "x", text: "" }, { name: "abcd", state: "y", text: "" }];
  const [, first, second] = formatTable(rows, COLUMNS, PLAIN).split("\n");
  assert.equal(first, "兔子   x");
  assert.equal(second, "abcd   y");
});

Deno.test("formatTable lets no cell move the cursor or add a line", () => {
  const rows = [{ name: "a\u001b[2Jb", state: "x\ny", text: "\u202ereversed" }];
  const text = formatTable(rows, COLUMNS, PLAIN);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u202e]/);
  assert.equal(text.split("\n").length, 3);
});

Deno.test("formatTable paints after it has measured", () => {
  const painted = formatTable(ROWS, COLUMNS, {
    ...PLAIN,
    paint: (text, tone) => tone === undefined ? text : `<${text}>`,
  });
  assert.match(painted, /web {8}<running> {3}a rather/);
  assert.match(painted, /database {3}<failed >/);
});
