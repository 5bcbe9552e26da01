/** Decoding of the engine's streams, at every possible split. */
import assert from "node:assert/strict";
import { decodeFrames, decodeJsonLines, parseLogFrame } from "./frames.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function frame(stream: number, body: string): Uint8Array {
  const data = new TextEncoder().encode(body);
  const bytes = new Uint8Array(8 + data.length);
  bytes[0] = stream;
  new DataView(bytes.buffer).setUint32(4, data.length);
  bytes.set(data, 8);
  return bytes;
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    yield await Promise.resolve(bytes.slice(at, at + size));
  }
}

Deno.test("decodeFrames gives the same frames however the bytes arrive", async () => {
  const bytes = new Uint8Array([...frame(1, "one"), ...frame(2, ""), ...frame(2, "two\n")]);
  for (let size = 1; size <= bytes.length; size++) {
    const frames = await Array.fromAsync(decodeFrames(inPieces(bytes, size)));
    assert.deepEqual(frames.map((f) => [f.stream, text(f.data)]), [
      ["stdout", "one"],
      ["stderr", ""],
      ["stderr", "two\n"],
    ]);
  }
});

Deno.test("decodeFrames refuses what is not in frames", async () => {
  const bytes = new TextEncoder().encode("plain terminal output");
  await assert.rejects(Array.fromAsync(decodeFrames(inPieces(bytes, 64))), /not in frames/);
});

Deno.test("parseLogFrame takes time and line end off a line", () => {
  const data = new TextEncoder().encode("2026-01-02T03:04:05.678901234Z a line\r\n");
  const line = parseLogFrame({ stream: "stderr", data });
  assert.equal(line.timeMs, Date.UTC(2026, 0, 2, 3, 4, 5, 678));
  assert.deepEqual([line.stream, text(line.line)], ["stderr", "a line"]);
  const bare = parseLogFrame({
    stream: "stdout",
    data: new TextEncoder().encode("no time here\n"),
  });
  assert.deepEqual([bare.timeMs, text(bare.line)], [0, "no time here"]);
});

Deno.test("decodeJsonLines reads values across splits and skips what is not JSON", async () => {
  const bytes = new TextEncoder().encode('{"a":1}\n\nnoise\n{"b":"ü"}');
  for (const size of [1, 2, 7, 100]) {
    const values = await Array.fromAsync(decodeJsonLines(inPieces(bytes, size)));
    assert.deepEqual(values, [{ a: 1 }, { b: "ü" }]);
  }
});
