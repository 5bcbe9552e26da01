/**
 * Time limits for engine calls: an engine that hangs counts as one that does not answer.
 */
import { type Clock, WarrenError } from "../../lib/mod.ts";

/** `work` with a signal that also aborts after `timeoutMs`; then ENGINE_UNREACHABLE. */
export async function bounded<T>(
  clock: Clock,
  timeoutMs: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeout = new AbortController();
  const cancel = clock.after(timeoutMs, () => {
    timeout.abort(new WarrenError("ENGINE_UNREACHABLE", "The container engine does not answer"));
  });
  try {
    return await work(AbortSignal.any([signal, timeout.signal]));
  } finally {
    cancel();
  }
}
