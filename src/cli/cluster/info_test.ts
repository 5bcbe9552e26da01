/** The managers as `cluster info` lists them. */
import assert from "node:assert/strict";
import { formatManagers, reasonUnled } from "./info.ts";

Deno.test("formatManagers lists who votes, who leads and who can be reached", () => {
  const member = { name: "m1", address: "127.0.0.1:1", voter: true, leader: true, reachable: true };
  const text = formatManagers([
    { id: "a", ...member },
    { id: "b", ...member, name: "m2", leader: false, reachable: false },
    { id: "c", ...member, name: "m3", leader: false, voter: false },
  ]);
  assert.equal(
    text,
    `NAME   VOTE      LEADER   REACHABLE   ADDRESS
m1     yes       *        yes         127.0.0.1:1
m2     yes                no          127.0.0.1:1
m3     not yet            yes         127.0.0.1:1
`,
  );
});

Deno.test("reasonUnled says how many votes are missing, or that it is a matter of a moment", () => {
  const voter = { id: "a", name: "", address: "", voter: true, leader: false, reachable: true };
  const away = { ...voter, reachable: false };
  const learner = { ...voter, voter: false };
  assert.equal(reasonUnled([voter, away, away]), "1 of 3 votes can be reached, 2 are needed");
  assert.equal(
    reasonUnled([voter, away, away, away, learner]),
    "1 of 4 votes can be reached, 3 are needed",
  );
  assert.equal(reasonUnled([voter, voter, away]), "an election is under way");
});
