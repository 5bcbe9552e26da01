/**
 * scripts/demo as the README promises it, on a machine that has everything: it shows a running service, ends
 * well within a minute and leaves nothing behind.
 */
import assert from "node:assert/strict";
import { ROOT } from "../../scripts/packaging/paths.ts";
import { docker } from "../harness/docker.ts";

/** The last part must be all of these, in this order. */
const SHOWN = [
  /^HTTP 200: Hello from [0-9a-f]{12}$/m,
  /^ID +NAME +MODE .*\n\S+ +hello +replicated +1\/1 /m,
  /^ID +NAME +NODE .*\n\S+ +hello\.1 +\S+ +running /m,
  /^warren_tasks\{state="running"\} 1$/m,
  /^\{"level":"info",.*"message":"ready"\}$/m,
];

async function leftovers(): Promise<string> {
  const containers = await docker(
    "ps",
    "-a",
    "--filter",
    "label=io.warren.service-name=hello",
    "-q",
  );
  const volumes = await docker("volume", "ls", "-q", "--filter", "name=hello");
  const temp = await Array.fromAsync(Deno.readDir("/tmp"), ({ name }) => name);
  return [containers, volumes, ...temp.filter((name) => name.startsWith("warren-demo."))].join("");
}

Deno.test("scripts/demo shows a running service within a minute and leaves nothing behind", async () => {
  const before = await leftovers();
  const startedMs = performance.now();
  const { code, stdout, stderr } = await new Deno.Command(`${ROOT}/scripts/demo`, {
    env: { WARREN_DEMO_PORT: "18095" },
    stdin: "null",
  }).output();
  const elapsedMs = performance.now() - startedMs;
  const shown = new TextDecoder().decode(stdout);
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  let rest = shown;
  for (const pattern of SHOWN) {
    const found = pattern.exec(rest);
    assert.ok(found, `no ${pattern} in the rest of:\n${shown}`);
    rest = rest.slice(found.index + found[0].length);
  }
  assert.ok(elapsedMs < 60_000, `it took ${elapsedMs} ms`);
  assert.equal(await leftovers(), before);
});
