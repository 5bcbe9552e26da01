import assert from "node:assert/strict";
import type { PeerHello } from "../../rpc/gen/warren/v1/raft.ts";
import {
  checkWelcome,
  type HelloContext,
  helloTo,
  PROTOCOL_VERSION,
  refusalOf,
  type RefusalReason,
  refusalReason,
  RefusedError,
  welcomeOf,
} from "./hello.ts";
import { Incarnations } from "./incarnations.ts";
import { PeerStatus } from "./peer_status.ts";

const a = { clusterId: "c", memberId: "a", incarnation: 3, advertiseAddr: "127.0.0.1:1" };
const b = { clusterId: "c", memberId: "b", incarnation: 8, advertiseAddr: "127.0.0.1:2" };

Deno.test.each<readonly [RefusalReason | null, Partial<PeerHello>, Partial<HelloContext>]>([
  [null, {}, {}],
  [null, {}, { knownIncarnation: 2 }],
  [null, {}, { knownIncarnation: 3 }],
  ["reused id", {}, { knownIncarnation: 4 }],
  ["reused id", { memberId: "b" }, {}],
  ["removed", {}, { isWelcome: () => false }],
  ["wrong cluster", { clusterId: "d" }, { isWelcome: () => false }],
  ["wrong cluster", { clusterId: "" }, {}],
  ["wrong peer", { toMemberId: "x" }, {}],
  ["newer protocol", { protocolVersion: PROTOCOL_VERSION + 1, clusterId: "d" }, {}],
  ["malformed", { protocolVersion: 0 }, {}],
  ["malformed", { memberId: "" }, {}],
  ["malformed", { advertiseAddress: "x".repeat(301) }, {}],
])("refusalReason is %s", (reason, change, context) => {
  const known = { self: b, knownIncarnation: undefined, isWelcome: () => true, ...context };
  const hello = { ...helloTo(a, "b"), ...change };
  assert.equal(refusalReason(hello, known), reason);
  if (reason !== null) assert.notEqual(refusalOf(b, hello, reason).message, "");
});

Deno.test("checkWelcome takes only the member that was dialled", () => {
  checkWelcome(welcomeOf(b), a, "b");
  assert.throws(() => checkWelcome(welcomeOf(b), a, "x"), RefusedError);
  assert.throws(() => checkWelcome(welcomeOf({ ...b, clusterId: "d" }), a, "b"), RefusedError);
});

Deno.test("Incarnations tells each later life once, and takes none that is over", () => {
  const told: string[] = [];
  const lives = new Incarnations((peer) => void told.push(`${peer} ${lives.get(peer)}`));
  for (const incarnation of [3, 3, 5, 5]) lives.meet("a", incarnation);
  assert.throws(() => lives.meet("a", 4), { reason: "NODE_UNREACHABLE" });
  assert.deepEqual([told, lives.get("a")], [["a 5"], 5]);
});

Deno.test("Incarnations forgets whom it met first when too many were met", () => {
  const lives = new Incarnations(() => {});
  for (let peer = 0; peer <= 1_024; peer++) lives.meet(`peer ${peer}`, 1);
  assert.deepEqual([lives.get("peer 0"), lives.get("peer 1024")], [undefined, 1]);
});

Deno.test("PeerStatus tells each change once, and connected only when nothing is wrong", () => {
  const told: string[] = [];
  const status = new PeerStatus((what) => void told.push(what));
  status.end("caller gone");
  assert.deepEqual(told, []);
  status.end("no connection");
  status.begin("queue full");
  status.begin("caller gone");
  status.end("queue full");
  assert.equal(status.isConnected, false);
  status.end("caller gone");
  assert.deepEqual(told, ["connected", "unreachable", "connected"]);
});
