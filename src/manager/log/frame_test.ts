/** Frames and segments: round trip, torn ends, corruption and where it is found. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { WarrenError } from "../../lib/mod.ts";
import {
  decodeFrame,
  encodeFrame,
  findFrameAfter,
  FRAME_HEADER_BYTES,
  previousChecksumAt,
} from "./frame.ts";
import {
  encodeSegmentHeader,
  parseSegmentName,
  readSegment,
  SEGMENT_HEADER_BYTES,
  segmentName,
} from "./segment.ts";
import { parseSnapshotName, readSnapshot, snapshotName, writeSnapshot } from "./snapshot_file.ts";
import { MemoryFs } from "./testing/memory_fs.ts";

const PATH = "/log/x.log";

function entry(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** A segment of one frame per batch, beginning with entry 1. */
function segment(...batches: readonly (readonly string[])[]) {
  const parts = [encodeSegmentHeader({ firstIndex: 1, previousChecksum: 0 })];
  const starts: number[] = [];
  let index = 1;
  let checksum = 0;
  for (const batch of batches) {
    const records = batch.map((text, at) => ({ index: index + at, bytes: entry(text) }));
    const frame = encodeFrame(records, index, checksum);
    starts.push(parts.reduce((sum, part) => sum + part.length, 0));
    parts.push(frame.bytes);
    checksum = frame.checksum;
    index += batch.length;
  }
  return { file: joined(...parts), starts, checksum };
}

function assertCorrupt(read: () => unknown, pattern: RegExp): void {
  assert.throws(read, (error: unknown) => {
    assert(error instanceof WarrenError);
    assert.equal(error.reason, "DATA_CORRUPT");
    assert.match(error.message, pattern);
    return true;
  });
}

Deno.test("decodeFrame is the inverse of encodeFrame", () => {
  const texts = fc.array(fc.string(), { maxLength: 6 });
  fc.assert(fc.property(texts, fc.nat(), fc.nat(2 ** 32 - 1), (batch, first, previous) => {
    const records = batch.map((text, at) => ({ index: first + at, bytes: entry(text) }));
    const { bytes, checksum } = encodeFrame(records, first, previous);
    const frame = decodeFrame(joined(entry("before"), bytes, entry("after")), 6);
    assert(frame);
    assert.equal(frame.firstIndex, first);
    assert.equal(frame.checksum, checksum);
    assert.equal(frame.endOffset, 6 + bytes.length);
    assert.equal(previousChecksumAt(bytes, 0), previous);
    assert.deepEqual(
      frame.records.map((record) => [...record.bytes]),
      records.map((record) => [
        ...record.bytes,
      ]),
    );
  }));
});

Deno.test("decodeFrame finds any damage of one bit", () => {
  const { bytes } = encodeFrame([{ index: 1, bytes: entry("some text") }], 1, 99);
  for (let at = 0; at < bytes.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const damaged = bytes.slice();
      damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
      assert.equal(decodeFrame(damaged, 0), undefined, `byte ${at}, bit ${bit}`);
    }
  }
});

Deno.test("decodeFrame refuses a frame that is cut anywhere", () => {
  const { bytes } = encodeFrame([{ index: 1, bytes: entry("some text") }], 1, 0);
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(decodeFrame(bytes.subarray(0, length), 0), undefined);
  }
});

Deno.test("findFrameAfter passes over what only looks like a mark", () => {
  const { bytes } = encodeFrame([], 5, 0);
  const noise = Uint8Array.of(0xff, 0x57, 0x52, 0x4e, 0xff, 0xff, 1, 2);
  assert.equal(findFrameAfter(joined(noise, bytes), 0), noise.length);
  assert.equal(findFrameAfter(noise, 0), undefined);
  assert.equal(bytes.length, FRAME_HEADER_BYTES);
});

Deno.test("readSegment gives every record with its index", () => {
  const { file, checksum } = segment(["a", "b"], [], ["c"]);
  const content = readSegment(PATH, file, true);
  const records = content.records.map((
    { index, bytes },
  ) => [index, new TextDecoder().decode(bytes)]);
  assert.deepEqual(records, [[1, "a"], [2, "b"], [3, "c"]]);
  assert.equal(content.nextIndex, 4);
  assert.equal(content.checksum, checksum);
  assert.equal(content.goodBytes, file.length);
});

Deno.test("readSegment cuts the torn end of the last segment at any byte", () => {
  const { file, starts } = segment(["a"], ["b", "c"]);
  const last = starts[1] ?? 0;
  for (let length = last; length < file.length; length++) {
    const content = readSegment(PATH, file.subarray(0, length), true);
    assert.equal(content.goodBytes, last);
    assert.equal(content.nextIndex, 2);
  }
});

Deno.test("readSegment takes an end of zeros or noise as torn", () => {
  const { file } = segment(["a"]);
  for (const end of [new Uint8Array(50), entry("noise after the end"), Uint8Array.of(0xff, 0x57)]) {
    const content = readSegment(PATH, joined(file, end), true);
    assert.equal(content.goodBytes, file.length);
  }
});

Deno.test("readSegment refuses damage before a good frame, naming file and offset", () => {
  const { file, starts } = segment(["a"], ["bb"], ["c"]);
  const [first = 0, second = 0, third = 0] = starts;
  for (let at = second; at < third; at++) {
    const damaged = file.slice();
    damaged[at] = (damaged[at] ?? 0) ^ 0x40;
    assertCorrupt(
      () => readSegment(PATH, damaged, true),
      new RegExp(`"/log/x.log" at byte ${second}: a batch is damaged, and a good one follows`),
    );
  }
  const damaged = file.slice();
  damaged[first + 5] = 0xee;
  assertCorrupt(() => readSegment(PATH, damaged, true), new RegExp(`at byte ${first}:`));
});

Deno.test("readSegment refuses any damage in a segment that another follows", () => {
  const { file, starts } = segment(["a"], ["b"]);
  const cut = file.subarray(0, file.length - 1);
  assertCorrupt(
    () => readSegment(PATH, cut, false),
    new RegExp(`at byte ${starts[1]}: .*later file`),
  );
});

Deno.test("readSegment refuses a frame that does not follow the one before it", () => {
  const one = segment(["a"], ["b"]);
  const other = segment(["x"], ["b"]);
  const [, start = 0] = one.starts;
  const mixed = joined(one.file.subarray(0, start), other.file.subarray(start));
  assertCorrupt(() => readSegment(PATH, mixed, true), /the batch of entry 2 does not follow/);
  const repeated = joined(one.file, one.file.subarray(start));
  assertCorrupt(() => readSegment(PATH, repeated, true), /does not follow/);
});

Deno.test("readSegment refuses a header that is cut, damaged, foreign or newer", () => {
  const { file } = segment(["a"]);
  assertCorrupt(() => readSegment(PATH, file.subarray(0, 20), true), /the header is cut/);
  assertCorrupt(() => readSegment(PATH, entry("x".repeat(60)), true), /not a log file/);
  const damaged = file.slice();
  damaged[15] = 7;
  assertCorrupt(() => readSegment(PATH, damaged, true), /the header is damaged/);
});

Deno.test("segment and snapshot names sort like their indices", () => {
  const indices = [1, 9, 10, 8_193, 2 ** 40];
  const names = indices.map(segmentName);
  assert.deepEqual([...names].sort(), names);
  assert.deepEqual(names.map(parseSegmentName), indices);
  assert.deepEqual(indices.map(snapshotName).map(parseSnapshotName), indices);
  assert.equal(parseSegmentName("0000000000000001.log.new"), undefined);
  assert.equal(parseSegmentName(snapshotName(1)), undefined);
  assert.equal(parseSnapshotName(segmentName(1)), undefined);
  assert.equal(
    SEGMENT_HEADER_BYTES,
    encodeSegmentHeader({ firstIndex: 1, previousChecksum: 0 }).length,
  );
});

async function snapshotFile(...chunks: readonly string[]): Promise<Uint8Array> {
  const fs = new MemoryFs();
  await writeSnapshot(fs, "/log", { index: 7, chunks: chunks.map(entry) });
  assert.deepEqual(fs.paths(), ["/log/0000000000000007.snapshot"]);
  return await fs.read("/log/0000000000000007.snapshot");
}

Deno.test("readSnapshot gives back what writeSnapshot wrote", async () => {
  const file = await snapshotFile("one ", "", "two");
  assert.deepEqual(readSnapshot(PATH, file), entry("one two"));
  assert.deepEqual(readSnapshot(PATH, await snapshotFile()), entry(""));
});

Deno.test("readSnapshot refuses a file that is cut anywhere or has one bit changed", async () => {
  const file = await snapshotFile("some", "state");
  for (let length = 0; length < file.length; length++) {
    assertCorrupt(() => readSnapshot(PATH, file.subarray(0, length)), /"\/log\/x.log" at byte \d+/);
  }
  for (let at = 0; at < file.length; at++) {
    const damaged = file.slice();
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    assertCorrupt(() => readSnapshot(PATH, damaged), /at byte \d+/);
  }
});
