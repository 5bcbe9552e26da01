/**
 * Faults of the pinned runtime that we work around: each test fails when the fault is gone, so that
 * the workaround goes too. See docs/dependencies.md.
 */
import assert from "node:assert/strict";

const PROGRAM = `
import net from "node:net";
const path = Deno.args[0];
const server = net.createServer((socket) => socket.resume().end());
await new Promise((resolve) => server.listen(path, resolve));
await new Promise((resolve) => net.connect(path).on("close", resolve).end());
await new Promise((resolve) => server.close(resolve));
`;

Deno.test("the runtime closes Unix sockets twice: durable files are opened on the main thread", async () => {
  const dir = await Deno.makeTempDir({ prefix: "warren-pitfall-" });
  try {
    await Deno.writeTextFile(`${dir}/program.ts`, PROGRAM);
    const trace = `${dir}/trace`;
    const { code, stderr } = await new Deno.Command("strace", {
      args: [
        ...["-f", "-e", "trace=close", "-o", trace, Deno.execPath(), "run", "-A", "--no-check"],
        ...["--no-config", `${dir}/program.ts`, `${dir}/socket`],
      ],
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    const twice = (await Deno.readTextFile(trace)).match(/close\(\d+\) += -1 EBADF/g) ?? [];
    assert.ok(twice.length > 0, "the fault is gone: remove the workaround and this test");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
