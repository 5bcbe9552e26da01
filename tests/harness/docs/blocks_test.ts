/** How pages are read, and when an answer is the one that a page shows. */
import assert from "node:assert/strict";
import { outputDifference, parseDoc } from "./blocks.ts";

const PAGE = `# Page

\`\`\`sh
one
two
\`\`\`

\`\`\`text
answer
\`\`\`

<!-- run: exit 2 -->
\`\`\`sh
fails
\`\`\`

Text between.

<!-- run: background -->
\`\`\`sh
daemon
\`\`\`

<!-- run: interrupt -->

\`\`\`sh
after
\`\`\`

<!-- run: not, it needs a registry -->
\`\`\`sh
pull
\`\`\`

\`\`\`yaml
never: typed
\`\`\`
`;

Deno.test("parseDoc reads blocks, answers and marks in the order of the page", () => {
  const steps = parseDoc(PAGE).map(({ kind, text, exitCode, expected, line }) =>
    [kind, text, exitCode, expected, line] as const
  );
  assert.deepEqual(steps, [
    ["run", "one\ntwo", 0, "answer", 3],
    ["run", "fails", 2, undefined, 13],
    ["background", "daemon", 0, undefined, 20],
    ["interrupt", "", 0, undefined, 24],
    ["run", "after", 0, undefined, 26],
    ["not", "it needs a registry", 0, undefined, 31],
  ]);
});

Deno.test("parseDoc refuses marks that mean nothing, blocks without an end, and marks above no command", () => {
  const sh = "```sh\ntrue\n```\n";
  for (
    const page of [
      `<!-- run: sometimes -->\n${sh}`,
      `<!-- run: not -->\n${sh}`,
      "```sh\ntrue\n",
      "<!-- run: exit 2 -->\n```yaml\na: 1\n```\n",
    ]
  ) assert.throws(() => parseDoc(page), /line \d/);
});

Deno.test("outputDifference forgives ids, ages, times and gaps, and nothing else", () => {
  const page = "ID   NAME  UPDATED\n9mv3p60vn2s7  web  2s ago\nweb: 1/1 running (0.3 s)";
  const run =
    "ID             NAME   UPDATED\n2zhsy0c52088   web    just now\nweb: 1/1 running (12.9 s)\n";
  assert.equal(outputDifference(page, run), undefined);
  assert.match(outputDifference(page, run.replace("1/1", "0/1")) ?? "", /expected "web: 1\/1/);
  assert.match(outputDifference(page, `${run}more\n`) ?? "", /did not expect "more"/);
  assert.match(outputDifference(page, "") ?? "", /expected/);
});

Deno.test("outputDifference lets dots stand for any lines, also none", () => {
  assert.equal(outputDifference("...\nb\n...", "a\na\nb\nc\n"), undefined);
  assert.equal(outputDifference("...\nb", "b\n"), undefined);
  assert.match(outputDifference("...\nx", "a\nb\n") ?? "", /expected "x"/);
});
