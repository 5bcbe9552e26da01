/**
 * Makes every manager answer as the leader would: reads wait until they are fresh, calls that only
 * the leader can serve are sent on.
 *
 * Wraps the services once, when they are added to a server; handlers know nothing of it.
 */
import { WarrenError } from "../../lib/mod.ts";
import type { ServedMethod, ServedService } from "../../rpc/mod.ts";
import { hasProposed } from "../propose.ts";
import { Forwarder, type ForwardParts } from "./forward.ts";
import { routeOf } from "./methods.ts";

/** How long an answer that must come without a leader too waits for fresh state, in milliseconds. */
const KNOWLEDGE_WAIT_MS = 500;

/** Services that may be served; disposing ends the connection to the leader. */
export interface Routed extends Disposable {
  readonly services: readonly ServedService[];
}

/** Wraps `services`, those of the API and of agents. Others come out as they are. */
export function routeCalls(services: readonly ServedService[], parts: ForwardParts): Routed {
  const forwarder = new Forwarder(parts);
  const routed = services.map(({ methods }) => {
    return { methods: methods.map((method) => routedMethod(method, forwarder, parts)) };
  });
  return { services: routed, [Symbol.dispose]: () => forwarder[Symbol.dispose]() };
}

function routedMethod(
  method: ServedMethod,
  forwarder: Forwarder,
  parts: ForwardParts,
): ServedMethod {
  const { handler } = method;
  const { consensus } = parts;
  switch (routeOf(method.name)) {
    case "leader":
      return { ...method, handler: forwarder.handlerOf(method) };
    case "read":
      return {
        ...method,
        handler: async (request, call) => {
          if (!isStale(request)) await consensus.fresh(call.signal);
          return await handler(request, call);
        },
      };
    case "write":
      return {
        ...method,
        handler: async (request, call) => {
          if (consensus.isLeader()) {
            const answer = await answerOf(() => handler(request, call));
            if (hasProposed(call)) return answer();
            // It rests on this state alone, and a leader that was halted or cut off does not know
            // yet that it leads no more.
          }
          await consensus.fresh(call.signal);
          return await handler(request, call);
        },
      };
    case "knowledge":
      return {
        ...method,
        handler: async (request, call) => {
          if (!isStale(request)) await maybeFresh(parts, call.signal);
          return await handler(request, call);
        },
      };
    case undefined:
      return method;
  }
}

/** What `work` gives or throws, to be had by calling the answer. */
async function answerOf(work: () => unknown): Promise<() => unknown> {
  try {
    const value = await work();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** Whether the caller is content with what this manager knows. */
function isStale(request: unknown): boolean {
  return typeof request === "object" && request !== null && "stale" in request &&
    request.stale === true;
}

/** Waits for fresh state, but not for long. */
async function maybeFresh({ consensus, clock }: ForwardParts, signal: AbortSignal): Promise<void> {
  const late = new AbortController();
  const cancel = clock.after(KNOWLEDGE_WAIT_MS, () => {
    late.abort(new WarrenError("NO_LEADER", "No leader was found in time"));
  });
  try {
    await consensus.fresh(AbortSignal.any([signal, late.signal]));
  } catch {
    // The answer itself says that there is no leader.
  } finally {
    cancel();
  }
}
