import assert from "node:assert/strict";
import { distribution, percentile, table, writeSections } from "./report.ts";

Deno.test("percentile takes the value at its place, whatever the order", () => {
  const values = [9, 1, 5, 3, 7];
  assert.equal(percentile(values, 0.5), 5);
  assert.equal(percentile(values, 1), 9);
  assert.equal(percentile([4], 0.99), 4);
  assert(Number.isNaN(percentile([], 0.5)));
  assert.deepEqual(distribution([1, 2, 3, 4]), ["3.0", "4.0", "4.0", "4.0"]);
});

Deno.test("writeSections replaces what is between its markers and nothing else", async () => {
  const path = await Deno.makeTempFile();
  try {
    const section = { id: "a", title: "A", columns: ["x", "y"], rows: [["1", "2"]] };
    await Deno.writeTextFile(path, "before\n<!-- bench:a -->\nold\n<!-- /bench:a -->\nafter\n");
    await writeSections(path, [section]);
    const text = await Deno.readTextFile(path);
    assert(text.startsWith(`before\n<!-- bench:a -->\n${table(section)}\n\nMeasured on `), text);
    assert(text.endsWith(".\n<!-- /bench:a -->\nafter\n"), text);
    assert(!text.includes("old"));
    await assert.rejects(writeSections(path, [{ ...section, id: "b" }]), /no markers for "b"/);
  } finally {
    await Deno.remove(path);
  }
});
