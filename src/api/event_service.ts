/**
 * EventService: what happened, from a bounded buffer. Filters apply here; gaps are always told.
 */
import { wallMs, WarrenError } from "../lib/mod.ts";
import { asIndex, type LogIndex, quoteText } from "../model/mod.ts";
import { EventServiceService, type StreamEventsRequest } from "../rpc/gen/warren/v1/event.ts";
import { serve, type ServedService } from "../rpc/mod.ts";
import type { ClusterEvent, ReadFrom } from "../store/mod.ts";
import type { ApiContext } from "./context.ts";

/** Types and filters of one request at most. */
const MAX_PATTERNS = 100;

/** The service to add to a server. */
export function eventService({ events }: Pick<ApiContext, "events">): ServedService {
  return serve(EventServiceService, {
    streamEvents: async (request, call) => {
      const matches = matcherOf(request);
      const reader = events.read(readFrom(request));
      call.signal.addEventListener("abort", () => reader.close(), { once: true });
      try {
        while (!call.signal.aborted) {
          const event = request.noFollow ? reader.poll() : (await reader.next()).value;
          if (!event) return;
          if (matches(event)) await call.write({ event: eventToProto(event) });
        }
      } finally {
        reader.close();
      }
    },
  });
}

function readFrom({ afterIndex, sinceMs, fromStart }: StreamEventsRequest): ReadFrom {
  if (fromStart) return { kind: "start" };
  if (afterIndex > 0) return { kind: "index", after: asIndex<LogIndex>(afterIndex) };
  if (sinceMs > 0) return { kind: "time", sinceMs: wallMs(sinceMs) };
  return { kind: "now" };
}

/** A test of events; "gap" passes all. @throws WarrenError BAD_REQUEST. */
function matcherOf({ types, filters }: StreamEventsRequest): (event: ClusterEvent) => boolean {
  const wanted = Object.entries(filters);
  if (types.length + wanted.length > MAX_PATTERNS) {
    throw new WarrenError("BAD_REQUEST", `Cannot follow events: more than ${MAX_PATTERNS} filters`);
  }
  const exact = new Set<string>();
  const prefixes: string[] = [];
  for (const type of types) {
    if (!/^(\*|[a-z_]+(\.([a-z_]+|\*))?)$/.test(type)) {
      throw new WarrenError("BAD_REQUEST", `Cannot follow events: ${quoteText(type)} is no type`, {
        hint: "write types like task.failed, or task.* for all of a kind",
      });
    }
    if (type.endsWith("*")) prefixes.push(type.slice(0, -1));
    else exact.add(type);
  }
  return ({ type, attributes }) => {
    if (type === "gap") return true;
    const isType = types.length === 0 || exact.has(type) ||
      prefixes.some((prefix) => type.startsWith(prefix));
    return isType && wanted.every(([key, value]) => attributes[key] === value);
  };
}

function eventToProto({ index, timeMs, type, message, attributes }: ClusterEvent) {
  return { index, timeMs, type, message, attributes: { ...attributes } };
}
