import assert from "node:assert/strict";
import { ignoresHangup } from "./signals.ts";

Deno.test("ignoresHangup reads the lowest bit of the mask of ignored signals", () => {
  const status = (mask: string) => `SigBlk:\t0000000000000001\nSigIgn:\t${mask}\nSigCgt:\t0\n`;
  assert.equal(ignoresHangup(status("0000000000001000")), false);
  assert.equal(ignoresHangup(status("0000000000001001")), true);
  assert.equal(ignoresHangup(status("0000000000000007")), true);
  assert.equal(ignoresHangup(""), false);
});
