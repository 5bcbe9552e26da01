/** The grammar of constraints and how nodes match them. */
import fc from "fast-check";
import assert from "node:assert/strict";
import { World } from "../../tests/harness/world.ts";
import { formatConstraint, matchesConstraint, parseConstraint } from "./constraint.ts";

for (
  const [text, form] of [
    ["node.labels.zone==eu", "node.labels.zone==eu"],
    [" node.labels.a.b/c-d != x ", "node.labels.a.b/c-d!=x"],
    ["node.arch==arm64", "node.arch==arm64"],
    ["node.role!=manager", "node.role!=manager"],
    ["node.name == a b", "node.name==a b"],
  ] as const
) {
  Deno.test(`parseConstraint reads "${text}"`, () => {
    const parsed = parseConstraint(text);
    assert.ok(parsed.ok);
    assert.equal(formatConstraint(parsed.value), form);
  });
}

for (
  const [text, fault] of [
    ["", /neither == nor !=/],
    ["node.arch", /neither == nor !=/],
    ["node.arch=arm64", /neither == nor !=/],
    ["node.arch==", /no value/],
    ["node.colour==red", /is none of node.labels.KEY, node.id/],
    ["node.labels.==x", /label key ""/],
    ["node.labels.a b==x", /label key "a b"/],
    ["node.name===a", /too long or malformed/],
    [`node.name==${"x".repeat(300)}`, /too long or malformed/],
    ["node.name==a\u0000", /too long or malformed/],
  ] as const
) {
  Deno.test(`parseConstraint refuses ${JSON.stringify(text.slice(0, 30))}`, () => {
    const parsed = parseConstraint(text);
    assert.ok(!parsed.ok);
    assert.match(parsed.message, fault);
  });
}

Deno.test("parseConstraint never throws, and what it reads it prints alike", () => {
  const texts = fc.oneof(
    fc.string(),
    fc.tuple(
      fc.constantFrom("node.labels.", "node.arch", "node.x", ""),
      fc.string(),
      fc.constantFrom("==", "!=", "=", ""),
      fc.string(),
    ).map((parts) => parts.join("")),
  );
  fc.assert(fc.property(texts, (text) => {
    const parsed = parseConstraint(text);
    if (!parsed.ok) return assert.notEqual(parsed.message, "");
    assert.deepEqual(parseConstraint(formatConstraint(parsed.value)), parsed);
  }));
});

for (
  const [text, expected] of [
    ["node.name==a", true],
    ["node.name!=a", false],
    ["node.hostname==a.local", true],
    ["node.os==linux", true],
    ["node.arch!=arm64", true],
    ["node.labels.zone==eu", true],
    ["node.labels.zone!=eu", false],
    ["node.labels.disk==ssd", false],
    ["node.labels.disk!=ssd", true],
    ["node.labels.toString==x", false],
    ["node.role==worker", true],
    ["node.role!=manager", true],
  ] as const
) {
  Deno.test(`matchesConstraint of ${text} is ${expected} on a worker in eu`, () => {
    const world = new World();
    world.addNode("a", { labels: { zone: "eu" } });
    const parsed = parseConstraint(text);
    assert.ok(parsed.ok);
    assert.equal(matchesConstraint(world.node("a"), parsed.value), expected);
  });
}

Deno.test("matchesConstraint takes a hybrid node for a manager and a worker", () => {
  const world = new World();
  world.addNode("a");
  const node = { ...world.node("a"), role: "hybrid" as const };
  for (const [text, expected] of [["==manager", true], ["==worker", true], ["!=manager", false]]) {
    const parsed = parseConstraint(`node.role${text}`);
    assert.ok(parsed.ok);
    assert.equal(matchesConstraint(node, parsed.value), expected);
  }
});
