/** Tokens and credentials: their form, their randomness and their comparison. */
import assert from "node:assert/strict";
import {
  equalInConstantTime,
  generateCredential,
  generateJoinToken,
  hashCredential,
  parseJoinToken,
  verifyCredential,
} from "./tokens.ts";

Deno.test("parseJoinToken takes apart what generateJoinToken made", () => {
  for (const role of ["worker", "manager"] as const) {
    const token = generateJoinToken(role);
    const parsed = parseJoinToken(token);
    assert.equal(parsed?.role, role);
    assert.equal(`WRN1-${role}-${parsed?.secret}`, token);
    assert.equal(parsed?.secret.length, 32);
  }
});

Deno.test("parseJoinToken refuses anything of another form", () => {
  const secret = "a".repeat(32);
  const faulty = [
    "",
    "WRN1",
    `WRN2-worker-${secret}`,
    `WRN1-admin-${secret}`,
    `WRN1-worker-${secret}a`,
    `WRN1-worker-${secret.slice(1)}`,
    `WRN1-worker-${"A".repeat(32)}`,
    ` WRN1-worker-${secret}`,
    `WRN1-worker-${secret}\n`,
  ];
  for (const text of faulty) assert.equal(parseJoinToken(text), undefined, JSON.stringify(text));
});

Deno.test("generateJoinToken and generateCredential never repeat themselves", () => {
  const words = new Set<string>();
  for (let at = 0; at < 500; at++) words.add(generateJoinToken("worker")).add(generateCredential());
  assert.equal(words.size, 1_000);
  const letters = new Set([...words].join("").replaceAll("WRN1-worker-", ""));
  assert.equal(letters.size, 32);
});

Deno.test("equalInConstantTime agrees with ordinary equality", () => {
  const words = ["", "a", "b", "ab", "ba", "aa", "aaa", "abc", "abd", "\u0000", "a\u0000"];
  for (const a of words) {
    for (const b of words) assert.equal(equalInConstantTime(a, b), a === b, `${a} and ${b}`);
  }
});

Deno.test("verifyCredential accepts the one credential behind a hash", async () => {
  const credential = generateCredential();
  assert.equal(credential.length, 64);
  const hash = await hashCredential(credential);
  assert.match(hash, /^[0-9a-f]{64}$/);
  assert.equal(await verifyCredential(credential, hash), true);
  assert.equal(await verifyCredential(generateCredential(), hash), false);
  assert.equal(await verifyCredential(credential, ""), false);
  assert.equal(await verifyCredential("", ""), false);
});

Deno.test("hashCredential is plain SHA-256", async () => {
  const known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  assert.equal(await hashCredential("abc"), known);
});
