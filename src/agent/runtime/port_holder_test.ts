/** Who holds a port. */
import assert from "node:assert/strict";
import { findPortHolder, listeningInodes } from "./port_holder.ts";

const TABLE =
  `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1
   1: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4343 1
   2: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4444 1`;

Deno.test("listeningInodes finds listeners of a port and no connections", () => {
  assert.deepEqual(listeningInodes(TABLE, 8080), ["4242"]);
  assert.deepEqual(listeningInodes(TABLE, 80), ["4444"]);
  assert.deepEqual(listeningInodes(TABLE, 81), []);
  assert.deepEqual(listeningInodes("", 80), []);
});

Deno.test({
  name: "findPortHolder names this very process",
  ignore: Deno.build.os !== "linux",
  async fn() {
    using listener = Deno.listen({ port: 0 });
    const holder = await findPortHolder(listener.addr.port, "tcp");
    assert.equal(holder, `process deno (pid ${Deno.pid})`);
  },
});
