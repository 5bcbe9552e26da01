/** Tables: order of iteration through removals and rollbacks, and the index of names. */
import assert from "node:assert/strict";
import { NamedTable, Table } from "./table.ts";

interface Thing {
  readonly id: string;
  readonly name: string;
}

function filled(): NamedTable<Thing> {
  const table = new NamedTable<Thing>(({ name }) => name);
  for (const id of ["a", "b", "c"]) table.write(id, { id, name: `name ${id}` });
  table.settle();
  return table;
}

function ids(table: Table<Thing>): string {
  return [...table.values()].map(({ id }) => id).join("");
}

Deno.test("Table iterates in order of creation, whatever is replaced", () => {
  const table = filled();
  table.write("a", { id: "a", name: "new" });
  assert.equal(ids(table), "abc");
  assert.equal(table.get("a")?.name, "new");
  assert.equal(table.size, 3);
});

Deno.test("Table hides a removed row at once and forgets it when it settles", () => {
  const table = filled();
  table.write("b", null);
  assert.equal(ids(table), "ac");
  assert.equal(table.get("b"), undefined);
  assert.equal(table.size, 2);
  assert(table.isUsed("b"), "its id stays used until then");
  table.settle();
  assert(!table.isUsed("b"));
  assert.equal(ids(table), "ac");
});

Deno.test("Table puts a removed row back into its place", () => {
  const table = filled();
  const before = table.get("a") ?? null;
  table.write("a", null);
  table.restore("a", before);
  assert.equal(ids(table), "abc");
  assert.equal(table.byName("name a"), before);
});

Deno.test("Table takes a creation back, even one that was removed again", () => {
  const table = filled();
  table.write("d", { id: "d", name: "name d" });
  table.restore("d", null);
  table.write("e", { id: "e", name: "name e" });
  table.write("e", null);
  table.restore("e", null);
  assert.equal(ids(table), "abc");
  assert.equal(table.byName("name d"), undefined);
  assert(!table.isUsed("d") && !table.isUsed("e"));
});

Deno.test("Table takes writing to a removed row as a bug", () => {
  const table = filled();
  table.write("a", null);
  assert.throws(() => table.write("a", { id: "a", name: "again" }), /after its removal/);
});

Deno.test("NamedTable follows a row to its new name", () => {
  const table = filled();
  table.write("a", { id: "a", name: "other" });
  assert.equal(table.byName("name a"), undefined);
  assert.equal(table.byName("other")?.id, "a");
});

Deno.test("NamedTable leaves a name with the row that took it over", () => {
  const table = filled();
  const a = table.get("a") ?? null;
  const b = table.get("b") ?? null;
  table.write("a", { id: "a", name: "spare" });
  table.write("b", { id: "b", name: "name a" });
  table.write("a", { id: "a", name: "name b" });
  assert.equal(table.byName("name a")?.id, "b");
  assert.equal(table.byName("name b")?.id, "a");
  table.restore("b", b);
  table.restore("a", a);
  assert.equal(table.byName("name a")?.id, "a");
  assert.equal(table.byName("name b")?.id, "b");
});

Deno.test("NamedTable does not find a removed row by its name", () => {
  const table = filled();
  table.write("a", null);
  assert.equal(table.byName("name a"), undefined);
  table.write("d", { id: "d", name: "name a" });
  assert.equal(table.byName("name a")?.id, "d");
});
