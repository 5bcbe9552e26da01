import assert from "node:assert/strict";
import { parse } from "yaml";
import { jsonText } from "./style.ts";
import { toYaml } from "./yaml.ts";

const HOSTILE = {
  "key\u009b": "\u009b31m",
  bidi: ["\u202eabc", "\u2066"],
  lines: "a\n\u0085b\u2028c",
  escape: "\u001b[31m\u007f",
  same: { a: 1 },
  number: 5,
};

Deno.test("jsonText and toYaml mean the same and have nothing that a terminal obeys", () => {
  // deno-lint-ignore no-control-regex -- finding control characters is the purpose
  const obeyed = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e\u2066]/;
  const json = jsonText(HOSTILE, 2);
  assert.ok(!obeyed.test(json), json);
  assert.deepEqual(JSON.parse(json), HOSTILE);
  const yaml = toYaml(HOSTILE);
  assert.ok(!obeyed.test(yaml), yaml);
  assert.deepEqual(parse(yaml), HOSTILE);
});

Deno.test("toYaml writes plain text plainly", () => {
  assert.equal(toYaml([{ id: "a", name: "wéb", ok: true }]), "- id: a\n  name: wéb\n  ok: true\n");
});
