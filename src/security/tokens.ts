/**
 * Join tokens and node credentials: random words that prove a right.
 *
 * A token lets a machine join under a role; a credential is what a node then proves itself with, and
 * the store keeps only its hash. Comparisons take the same time wherever two words differ.
 */

/** What a token lets its bearer join as. */
export type TokenRole = "worker" | "manager";

/** A token taken apart. */
export interface JoinToken {
  readonly role: TokenRole;
  readonly secret: string;
}

/** 160 random bits: 32 characters of lower-case base 32. */
const SECRET_BYTES = 20;
const CREDENTIAL_BYTES = 40;
const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/** A new token for `role`: `WRN1-worker-…`. */
export function generateJoinToken(role: TokenRole): string {
  return `WRN1-${role}-${randomWord(SECRET_BYTES)}`;
}

/** The parts of `text`, or undefined when it has not the form of a token. */
export function parseJoinToken(text: string): JoinToken | undefined {
  const match = /^WRN1-(worker|manager)-([a-z2-7]{32})$/.exec(text);
  if (!match || match[2] === undefined) return undefined;
  return { role: match[1] === "manager" ? "manager" : "worker", secret: match[2] };
}

/** A new node credential: 64 characters, 320 random bits. */
export function generateCredential(): string {
  return randomWord(CREDENTIAL_BYTES);
}

/** SHA-256 of a credential as 64 hexadecimal characters: what the store keeps. */
export async function hashCredential(credential: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(credential));
  return new Uint8Array(digest).toHex();
}

/** Whether `credential` is the one whose hash is `hash`. An empty hash matches nothing. */
export async function verifyCredential(credential: string, hash: string): Promise<boolean> {
  return equalInConstantTime(await hashCredential(credential), hash);
}

/** Whether two words are equal; the time taken tells their lengths at most. */
export function equalInConstantTime(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let at = 0; at < a.length; at++) {
    difference |= a.charCodeAt(at) ^ (b.charCodeAt(at % Math.max(1, b.length)) || 0);
  }
  return difference === 0;
}

/** Five bits a character; `bytes` is a multiple of five, so none are left over. */
function randomWord(bytes: number): string {
  let bits = 0n;
  for (const byte of crypto.getRandomValues(new Uint8Array(bytes))) {
    bits = (bits << 8n) | BigInt(byte);
  }
  let word = "";
  for (let at = 0; at < (bytes * 8) / 5; at++) {
    word += ALPHABET.charAt(Number(bits & 31n));
    bits >>= 5n;
  }
  return word;
}
