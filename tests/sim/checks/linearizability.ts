/**
 * Whether a history of one register could have come from one that is touched by one client at a time:
 * the search of Wing and Gong with Lowe's memory of what was tried.
 *
 * Calls and returns are ordered by a counter, so intervals that only touch overlap. An operation without
 * a return may have happened at any time after its call, or never.
 */

/** One operation on a register. */
export interface Operation {
  readonly client: number;
  readonly kind: "get" | "put" | "cas";
  /** What was written. */
  readonly value: string;
  /** Of a compare-and-set: what the register had to hold. */
  readonly expected: string;
  readonly call: number;
  /** Infinity when the outcome is not known. */
  readonly ret: number;
  /** What a get saw; whether a write took effect. */
  readonly seen: string | boolean | null;
}

/** The answer: "undecided" when the search became too long, which is to be treated as a failure. */
export type Verdict = "linearizable" | "not linearizable" | "undecided";

interface Event {
  readonly op: number;
  readonly isCall: boolean;
  prev: Event | null;
  next: Event | null;
  /** Of a call: its return. */
  readonly match: Event | null;
}

/** The register after `op`, or undefined when it could not have gone like that. */
function apply(state: string, { kind, value, expected, seen, ret }: Operation): string | undefined {
  const isKnown = ret !== Infinity;
  switch (kind) {
    case "get":
      return !isKnown || seen === state ? state : undefined;
    case "put":
      return value;
    case "cas": {
      const succeeds = state === expected;
      if (isKnown && seen !== succeeds) return undefined;
      return succeeds ? value : state;
    }
  }
}

/** Judges a history; the register is empty at first. `maxSteps` bounds the search. */
export function checkHistory(all: readonly Operation[], maxSteps = 200_000): Verdict {
  // Who never heard of its read learned nothing.
  const history = all.filter(({ kind, ret }) => kind !== "get" || ret !== Infinity);
  const head = linkEvents(history);
  const done = new Uint8Array(history.length);
  const tried = new Set<string>();
  const trail: { readonly call: Event; readonly before: string }[] = [];
  let known = history.filter(({ ret }) => ret !== Infinity).length;
  let state = "";
  let event = head.next;
  for (let step = 0; known > 0; step++) {
    if (step > maxSteps) return "undecided";
    const op = event === null ? undefined : history[event.op];
    if (event !== null && op && event.isCall) {
      const after = apply(state, op);
      if (after !== undefined) {
        done[event.op] = 1;
        const key = `${done.join("")} ${after}`;
        if (!tried.has(key)) {
          tried.add(key);
          trail.push({ call: event, before: state });
          state = after;
          if (op.ret !== Infinity) known -= 1;
          lift(event);
          event = head.next;
          continue;
        }
        done[event.op] = 0;
      }
      event = event.next;
      continue;
    }
    // A return whose call was not placed, or the end: go back.
    const last = trail.pop();
    if (!last) return "not linearizable";
    done[last.call.op] = 0;
    state = last.before;
    if (history[last.call.op]?.ret !== Infinity) known += 1;
    unlift(last.call);
    event = last.call.next;
  }
  return "linearizable";
}

function linkEvents(history: readonly Operation[]): Event {
  const head: Event = { op: -1, isCall: false, prev: null, next: null, match: null };
  const events: { readonly at: number; readonly event: Event }[] = [];
  history.forEach(({ call, ret }, op) => {
    const match = ret === Infinity
      ? null
      : { op, isCall: false, prev: null, next: null, match: null };
    if (match) events.push({ at: ret, event: match });
    events.push({ at: call, event: { op, isCall: true, prev: null, next: null, match } });
  });
  // At the same moment calls come first: the intervals are closed.
  events.sort((a, b) => a.at - b.at || Number(b.event.isCall) - Number(a.event.isCall));
  let last = head;
  for (const { event } of events) {
    last.next = event;
    event.prev = last;
    last = event;
  }
  return head;
}

/** Takes a call and its return out of the list. */
function lift(call: Event): void {
  for (const event of [call, call.match]) {
    if (!event) continue;
    if (event.prev) event.prev.next = event.next;
    if (event.next) event.next.prev = event.prev;
  }
}

/** Puts them back, in the reverse order. */
function unlift(call: Event): void {
  for (const event of [call.match, call]) {
    if (!event) continue;
    if (event.prev) event.prev.next = event;
    if (event.next) event.next.prev = event;
  }
}
