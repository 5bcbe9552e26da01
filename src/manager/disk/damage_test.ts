/**
 * A flipped bit or a missing piece anywhere: it is named, or raises doubt, or changes nothing that
 * was acknowledged. Never does a member go on with less than it promised without knowing.
 */
import assert from "node:assert/strict";
import { Prng, WarrenError } from "../../lib/mod.ts";
import { REJOIN_HINT } from "./segment.ts";
import { MemoryFs, SECTOR_BYTES } from "./testing/memory_fs.ts";
import {
  batch,
  DIR,
  entries,
  found,
  isSame,
  type LogState,
  open,
  Oracle,
  type Step,
  trimmed,
} from "./testing/oracle.ts";

const HARD = { term: 5, vote: "b" };

function write(...batches: readonly Parameters<typeof batch>[0][]): Step {
  return { kind: "write", batches: batches.map(batch) };
}

const COMMON: readonly Step[] = [
  write({ hard: HARD, entries: entries(1, 12, 5, 2_500) }),
  write({ entries: entries(13, 16, 5, 1_000) }),
  { kind: "compact", index: 14, term: 5, keepFrom: 2 },
  write({ entries: entries(17, 26, 5, 2_500) }),
];

/** The log as it lies there when the machine stops after such a last write, sealed or not. */
const ENDS: Readonly<Record<string, readonly Step[]>> = {
  "entries": [write({ entries: entries(27, 28, 5, 100) })],
  "entries, sealed": [write({ entries: entries(27, 28, 5, 100) }), { kind: "seal" }],
  "a vote": [write({ hard: { term: 6, vote: "c" } })],
  "a truncation": [write({ truncateFrom: 20, entries: entries(20, 21, 6, 100) })],
};

interface Made {
  readonly fs: MemoryFs;
  readonly acked: LogState;
}

function make(end: readonly Step[]): Made {
  const fs = new MemoryFs();
  const oracle = new Oracle();
  oracle.run(open(fs).disk, [...COMMON, ...end]);
  return { fs, acked: trimmed(oracle.acked) };
}

type Verdict = "refused" | "in doubt" | "harmless";

/** Opens a damaged copy; anything but these three verdicts fails the test. */
function verdictOf(
  { fs, acked }: Made,
  path: string,
  damage: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>,
): Verdict {
  const copy = fs.copy();
  copy.damage(path, damage);
  try {
    const { start } = open(copy, 2);
    const state = found(start);
    assert.ok(state.hard.term >= acked.hard.term, "term and vote are never older");
    assert.deepEqual(state.hard, acked.hard);
    if (start.restored.isInDoubt) {
      assert.ok(start.cutBytes > 0);
      return "in doubt";
    }
    assert.ok(isSame(state, acked), "what was acknowledged is there");
    return "harmless";
  } catch (error) {
    if (!(error instanceof WarrenError)) throw error;
    assert.equal(error.reason, "DATA_CORRUPT");
    assert.ok(
      error.message.includes(path.slice(DIR.length + 1)) || error.message.includes(DIR),
      error.message,
    );
    assert.match(error.message, / at byte \d+: /);
    if (error.hint !== undefined) assert.equal(error.hint, REJOIN_HINT);
    return "refused";
  }
}

function flip(at: number, bit: number) {
  return (bytes: Uint8Array<ArrayBuffer>) => {
    bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
    return bytes;
  };
}

function segmentsOf(fs: MemoryFs): readonly string[] {
  return fs.paths().filter((path) => path.endsWith(".log"));
}

function sizeOf(fs: MemoryFs, path: string): number {
  return fs.open(path).sizeBytes();
}

for (const [name, end] of Object.entries(ENDS)) {
  Deno.test(`MemberDisk survives or names a flipped bit anywhere in a log that ends with ${name}`, () => {
    const made = make(end);
    const prng = new Prng(3);
    const verdicts = new Set<Verdict>();
    const paths = segmentsOf(made.fs);
    assert.ok(paths.length >= 2);
    for (const path of paths) {
      const isNewest = path === paths.at(-1);
      const step = isNewest ? 40 : 400;
      for (let at = prng.below(step); at < sizeOf(made.fs, path); at += 1 + prng.below(2 * step)) {
        const verdict = verdictOf(made, path, flip(at, prng.below(8)));
        verdicts.add(verdict);
        if (!isNewest) {
          assert.notEqual(verdict, "in doubt", "only the newest frame can be in doubt");
        }
      }
    }
    assert.ok(verdicts.has("refused"));
  });

  Deno.test(`MemberDisk survives or names a sector of garbage in a log that ends with ${name}`, () => {
    const made = make(end);
    const prng = new Prng(4);
    const path = segmentsOf(made.fs).at(-1) ?? "";
    for (let start = 0; start < sizeOf(made.fs, path); start += SECTOR_BYTES) {
      verdictOf(made, path, (bytes) => {
        for (let at = start; at < start + SECTOR_BYTES; at++) bytes[at] = prng.below(256);
        return bytes;
      });
    }
  });

  Deno.test(`MemberDisk names a log cut at any byte that ends with ${name}`, () => {
    const made = make(end);
    const prng = new Prng(5);
    for (const path of segmentsOf(made.fs)) {
      const size = sizeOf(made.fs, path);
      for (let length = 0; length < size; length += 1 + prng.below(1_500)) {
        assert.equal(verdictOf(made, path, (bytes) => bytes.slice(0, length)), "refused");
      }
    }
  });
}

Deno.test("MemberDisk names a flipped bit anywhere in its snapshot", () => {
  const made = make([]);
  const path = made.fs.paths().find((one) => one.endsWith(".snapshot")) ?? "";
  const prng = new Prng(6);
  for (let at = 0; at < sizeOf(made.fs, path); at += 1 + prng.below(800)) {
    assert.equal(verdictOf(made, path, flip(at, prng.below(8))), "refused", `byte ${at}`);
  }
  for (const length of [0, 100, 4_096, 70_000, sizeOf(made.fs, path) - 1]) {
    assert.equal(verdictOf(made, path, (bytes) => bytes.slice(0, length)), "refused");
  }
});

Deno.test("MemberDisk names a damaged start record, and files that are gone", () => {
  const made = make([]);
  for (let at = 0; at < sizeOf(made.fs, `${DIR}/start`); at++) {
    assert.equal(verdictOf(made, `${DIR}/start`, flip(at, 2)), "refused", `byte ${at}`);
  }
  for (const path of made.fs.paths().filter((one) => !one.endsWith("tmp"))) {
    const copy = made.fs.copy();
    copy.remove(path);
    // Of the newest segment alone nothing says that there was one: the one before it has ended.
    if (path === segmentsOf(made.fs).at(-1)) continue;
    assert.throws(() => open(copy), { reason: "DATA_CORRUPT" }, path);
  }
});

Deno.test("MemberDisk refuses a newer format by its number", () => {
  const made = make([]);
  const path = segmentsOf(made.fs).at(-1) ?? "";
  assert.equal(verdictOf(made, path, flip(8, 1)), "refused");
});
