/**
 * A client that makes many calls on one connection and then closes it, as load tools and other
 * languages' clients do: the daemon must not notice.
 */
import assert from "node:assert/strict";
import { specOf, TestApi } from "../harness/api.ts";
import { WarrenDaemon } from "../harness/warren.ts";

const SERVICES = 100;

Deno.test("cluster init outlives clients that make many calls and say goodbye", async () => {
  await using daemon = await WarrenDaemon.start({ flags: ["--runtime", "fake"] });
  for (const round of ["a", "b", "c"]) {
    using api = new TestApi(daemon.host);
    const specs = Array.from(
      { length: SERVICES },
      (_, at) => specOf(`${round}-${at}`, 1, { image: "x" }),
    );
    await Promise.all(specs.map((spec) => api.create(spec)));
  }
  const services = await daemon.json(["service", "list"]);
  assert.equal(services.length, 3 * SERVICES);
  assert.equal(await daemon.kill("SIGTERM"), 0);
});
