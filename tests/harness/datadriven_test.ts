/** The script format itself. */
import assert from "node:assert/strict";
import { parseCommand, rerun } from "./datadriven.ts";

Deno.test("parseCommand tells words from options and keeps quoted blanks", () => {
  assert.deepEqual(parseCommand('put web a=1 note="two words" c=x==y "p q"'), {
    name: "put",
    words: ["web", "p q"],
    options: { a: "1", note: "two words", c: "x==y" },
  });
});

Deno.test("rerun writes outputs below commands and keeps comments", () => {
  const script = "# what it shows\none a\n----\nold\n\n\ntwo\n# the end\n";
  assert.equal(
    rerun(script, ({ name }) => name === "one" ? "1\n" : ""),
    "# what it shows\none a\n----\n1\n\ntwo\n----\n\n# the end\n",
  );
});

Deno.test("rerun of its own result changes nothing", () => {
  const run = ({ name }: { readonly name: string }) => `ran ${name}\nand more`;
  const once = rerun("one\ntwo\n# three\n", run);
  assert.equal(rerun(once, run), once);
});
