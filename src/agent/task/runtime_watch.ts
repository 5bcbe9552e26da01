/**
 * Follows what happens on one runtime: a full look, then events, then a look now and again.
 *
 * Called by the task runner, one per runtime. Events wake, looks correct: when the feed breaks (the
 * engine was restarted) it subscribes and looks again, for ever, with a growing pause.
 */
import {
  backoffDelayMs,
  type Clock,
  type Prng,
  sleep,
  TaskGroup,
  WarrenError,
} from "../../lib/mod.ts";
import { bounded } from "./bounded.ts";
import type { ContainerState, Runtime, RuntimeEvent } from "../runtime/runtime.ts";

/** Told what was seen. */
export interface WatchSink {
  /** Every container of this node on the runtime, now. */
  onListed(containers: readonly ContainerState[]): void;
  onEvent(event: RuntimeEvent): void;
  /** The runtime does not answer, or does again ("" then). Called on changes only. */
  onTrouble(message: string): void;
}

/** What a watch works with. */
export interface WatchParts {
  readonly runtime: Runtime;
  readonly labels: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly prng: Prng;
}

/** Looks after a subscription: the feed may begin a moment after it was asked for. */
const SECOND_LOOK_MS = 1_000;
/** Looks that should find nothing new. */
const SAFETY_LOOK_MS = 30_000;
const LOOK_TIMEOUT_MS = 60_000;
const RETRY = { initialMs: 100, maxMs: 5_000, factor: 2, jitter: 0.3 };

/** Watches until aborted. */
export async function watchRuntime(
  parts: WatchParts,
  sink: WatchSink,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  let trouble = "";
  const tell = (message: string) => {
    if (message !== trouble) sink.onTrouble(trouble = message);
  };
  while (!signal.aborted) {
    try {
      await watchOnce(parts, sink, signal, () => {
        failures = 0;
        tell("");
      });
    } catch (thrown) {
      if (signal.aborted) return;
      tell(WarrenError.from(thrown, "Cannot follow the runtime").message);
      const delayMs = backoffDelayMs(RETRY, failures++, parts.prng.float());
      await sleep(parts.clock, delayMs, signal).catch(() => {});
    }
  }
}

/** Ends by throwing when the feed or a look fails. */
async function watchOnce(
  { runtime, labels, clock }: WatchParts,
  sink: WatchSink,
  signal: AbortSignal,
  onWell: () => void,
): Promise<void> {
  const broken = Promise.withResolvers<never>();
  const stop = () => broken.reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  await using group = new TaskGroup((_name, error) => broken.reject(error));
  group.run("events", async (ended) => {
    const both = AbortSignal.any([signal, ended]);
    for await (const event of runtime.events(labels, both)) sink.onEvent(event);
    throw new WarrenError("ENGINE_UNREACHABLE", "The event stream ended");
  });
  group.run("looks", async (ended) => {
    const both = AbortSignal.any([signal, ended]);
    for (let waitMs = SECOND_LOOK_MS;; waitMs = SAFETY_LOOK_MS) {
      const containers = await bounded(
        clock,
        LOOK_TIMEOUT_MS,
        both,
        (until) => runtime.list(labels, until),
      );
      sink.onListed(containers);
      onWell();
      await sleep(clock, waitMs, both);
    }
  });
  await broken.promise.finally(() => signal.removeEventListener("abort", stop));
}
