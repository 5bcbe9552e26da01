/**
 * Decodes the engine's output streams: frames of stdout and stderr, log lines with times, JSON lines.
 *
 * Pure transformations of byte streams. A frame is at most 16 KiB and a log line is one frame; a
 * frame that claims more than 1 MiB ends the stream with an error, since the stream is out of step.
 */
import { wallMs, WarrenError } from "../../../lib/mod.ts";
import type { LogLine } from "../runtime.ts";

/** A piece of output with the stream it came from. */
export interface Frame {
  readonly stream: "stdout" | "stderr";
  readonly data: Uint8Array;
}

const HEADER_BYTES = 8;
const MAX_FRAME_BYTES = 1024 * 1024;
const MAX_JSON_LINE = 1024 * 1024;

/** Splits a multiplexed stream: header of 1 byte stream, 3 zero, 4 length, then the data. */
export async function* decodeFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  let rest: Uint8Array<ArrayBufferLike> = new Uint8Array(0);
  for await (const chunk of chunks) {
    const data = rest.length === 0 ? chunk : concat(rest, chunk);
    let at = 0;
    while (data.length - at >= HEADER_BYTES) {
      const view = new DataView(data.buffer, data.byteOffset + at, HEADER_BYTES);
      const size = view.getUint32(4);
      if (size > MAX_FRAME_BYTES || view.getUint8(0) > 2) {
        throw new WarrenError("ENGINE_FAILED", "Cannot read the container's output: not in frames");
      }
      if (data.length - at < HEADER_BYTES + size) break;
      const body = data.slice(at + HEADER_BYTES, at + HEADER_BYTES + size);
      yield { stream: view.getUint8(0) === 2 ? "stderr" : "stdout", data: body };
      at += HEADER_BYTES + size;
    }
    rest = data.slice(at);
  }
}

/** A frame of `timestamps=true` output as a line: `2026-01-01T00:00:00.123456789Z text\n`. */
export function parseLogFrame(frame: Frame): LogLine {
  const { data, stream } = frame;
  const space = data.subarray(0, 40).indexOf(0x20);
  const text = space > 0 ? new TextDecoder().decode(data.subarray(0, space)) : "";
  const timeMs = Date.parse(text.replace(/(\.\d{3})\d+/, "$1"));
  const known = Number.isFinite(timeMs);
  let end = data.length;
  if (data[end - 1] === 0x0a) end--;
  if (data[end - 1] === 0x0d) end--;
  return {
    stream,
    timeMs: wallMs(known ? timeMs : 0),
    line: data.subarray(known ? space + 1 : 0, end),
  };
}

/** One JSON value per line; an unreadable line is skipped, since the engine's feed goes on after it. */
export async function* decodeJsonLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = (lines.pop() ?? "").slice(0, MAX_JSON_LINE);
    for (const line of lines) {
      const value = parseJson(line);
      if (value !== undefined) yield value;
    }
  }
  const value = parseJson(rest);
  if (value !== undefined) yield value;
}

function parseJson(line: string): unknown {
  if (line.trim() === "") return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // recorded by its absence: the caller sees the state, not the line
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
