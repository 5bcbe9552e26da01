/**
 * Reads an engine stream until it ends or the caller aborts.
 *
 * A stream that is not read to its end is destroyed, so that its connection closes; an abort ends
 * the reading quietly, any other break is ENGINE_UNREACHABLE.
 */
import { toEngineError } from "./errors.ts";
import type { EngineStream } from "./http.ts";

/** The chunks of `stream`. `doing` names the action for errors. */
export async function* readStream(
  stream: EngineStream,
  signal: AbortSignal,
  doing: string,
): AsyncGenerator<Uint8Array> {
  const stop = () => stream.destroy();
  // An error between two reads has no reader yet; the next read gets it again.
  stream.on("error", () => {});
  if (signal.aborted) return stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const chunk of stream) yield chunk;
  } catch (error) {
    if (!signal.aborted) throw toEngineError(error, doing, "its socket");
  } finally {
    signal.removeEventListener("abort", stop);
    stream.destroy();
  }
}
