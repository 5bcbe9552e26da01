import assert from "node:assert/strict";
import { BUGS, plant } from "./bugs.ts";

Deno.test("every planted bug has its place in the core, exactly once, and a name of its own", () => {
  for (const bug of BUGS) {
    const source = Deno.readTextFileSync(new URL(`../../src/raft/${bug.file}`, import.meta.url));
    assert.notEqual(plant(bug, source), source);
  }
  assert.equal(new Set(BUGS.map(({ name }) => name)).size, BUGS.length);
  assert.ok(BUGS.length >= 40);
});
