/** How a command of one text is split, and what is refused since it would need a shell. */
import assert from "node:assert/strict";
import { splitWords } from "./words.ts";

const good: readonly (readonly [string, readonly string[]])[] = [
  ["", []],
  ["  a  b\t", ["a", "b"]],
  ["nginx -g 'daemon off;'", ["nginx", "-g", "daemon off;"]],
  ['a "b \\" c" d\\ e', ["a", 'b " c', "d e"]],
  [`'' "" a''b`, ["", "", "ab"]],
  ["'$HOME' \"|\" \\;", ["$HOME", "|", ";"]],
  ["a\\", ["a\\"]],
  ["'a\\b'", ["a\\b"]],
];

for (const [command, words] of good) {
  Deno.test(`splitWords splits ${JSON.stringify(command)}`, () => {
    assert.deepEqual(splitWords(command), { ok: true, words });
  });
}

for (const command of ["a | b", "a && b", "a > f", "$(a)", "`a`", "a;b", "*.txt", "~/a", "a\nb"]) {
  Deno.test(`splitWords refuses ${JSON.stringify(command)}, which needs a shell`, () => {
    const split = splitWords(command);
    assert.ok(!split.ok && split.message.includes("needs a shell"));
  });
}

for (const command of ["'a", 'a "b', '"\\"']) {
  Deno.test(`splitWords refuses the open quote of ${JSON.stringify(command)}`, () => {
    const split = splitWords(command);
    assert.ok(!split.ok && split.message.startsWith("has an open"));
  });
}
