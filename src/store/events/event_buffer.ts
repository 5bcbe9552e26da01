/**
 * The newest events, and readers that follow them.
 *
 * One ring is shared by all readers; each has only a place in it, so neither a slow reader nor many
 * of them can grow memory. A reader that falls behind the ring, or resumes from before it, gets one
 * `gap` event that says what it missed, and goes on with the oldest event there is.
 */
import { assert, type WallMs, wallMs, WarrenError } from "../../lib/mod.ts";
import { asIndex, type LogIndex } from "../../model/mod.ts";
import type { ChangeFeed } from "../feed.ts";
import type { StateView } from "../view.ts";
import type { ClusterEvent } from "./event.ts";
import { eventsOf } from "./events_of.ts";

/** Events kept; the oldest is dropped first. */
export const MAX_EVENTS = 10_000;

/** Readers at once; more are refused. */
export const MAX_READERS = 1_000;

/** Where a reader begins. */
export type ReadFrom =
  /** Only what comes after now. */
  | { readonly kind: "now" }
  /** Everything that is kept. */
  | { readonly kind: "start" }
  /** Events of later indices than this. */
  | { readonly kind: "index"; readonly after: LogIndex }
  /** Events at this time or later. */
  | { readonly kind: "time"; readonly sinceMs: WallMs };

/** Bounded history of events. */
export class EventBuffer {
  readonly #capacity: number;
  readonly #ring: ClusterEvent[] = [];
  readonly #readers = new Set<EventReader>();
  /** Events are numbered as they are added; those from `#first` to before `#end` are kept. */
  #first = 0;
  #end = 0;
  /** The last change whose events may be missing; its time is null when it was never seen. */
  #lost: { readonly index: LogIndex; readonly timeMs: WallMs | null };

  /** Events up to `startIndex` were never seen here. */
  constructor(startIndex: LogIndex = asIndex(0), capacity = MAX_EVENTS) {
    this.#lost = { index: startIndex, timeMs: null };
    this.#capacity = capacity;
  }

  /** Events kept. */
  get size(): number {
    return this.#end - this.#first;
  }

  /** Readers that were not closed. */
  get readers(): number {
    return this.#readers.size;
  }

  /** Adds events in log order and wakes the readers. */
  add(events: readonly ClusterEvent[]): void {
    for (const event of events) {
      if (this.size === this.#capacity) this.#dropOldest();
      this.#ring[this.#end++ % this.#capacity] = event;
    }
    if (events.length > 0) { for (const reader of this.#readers) reader.wake(); }
  }

  #dropOldest(): void {
    const oldest = this.#at(this.#first++);
    if (oldest) this.#lost = oldest;
  }

  /** Forgets everything: a snapshot at `index` stands in the place of what led there. */
  skipTo(index: LogIndex): void {
    this.#lost = { index, timeMs: null };
    this.#first = this.#end;
    this.#ring.length = 0;
    for (const reader of this.#readers) reader.wake();
  }

  /**
   * A reader that begins at `from`; close it when done.
   *
   * @throws WarrenError TOO_MANY when {@link MAX_READERS} are open.
   */
  read(from: ReadFrom): EventReader {
    if (this.#readers.size >= MAX_READERS) {
      const what = `Cannot follow events: ${MAX_READERS} readers follow them already`;
      throw new WarrenError("TOO_MANY", what);
    }
    const source: EventSource = {
      bounds: () => ({ first: this.#first, end: this.#end, lostIndex: this.#lost.index }),
      at: (number) => this.#at(number),
      release: (reader) => void this.#readers.delete(reader),
    };
    const reader = new EventReader(source, this.#placeOf(from));
    this.#readers.add(reader);
    return reader;
  }

  #placeOf(from: ReadFrom): Place {
    switch (from.kind) {
      case "now":
        return { next: this.#end, isBehind: false };
      case "start":
        return { next: this.#first, isBehind: false };
      case "index": {
        const next = this.#find((event) => event.index > from.after);
        return { next, isBehind: from.after < this.#lost.index };
      }
      case "time": {
        const { index, timeMs } = this.#lost;
        const next = this.#find((event) => event.timeMs >= from.sinceMs);
        const isBehind = index > 0 && next === this.#first &&
          (timeMs === null || timeMs >= from.sinceMs);
        return { next, isBehind };
      }
    }
  }

  /** Number of the first event for which `holds`; it holds for all that follow too. */
  #find(holds: (event: ClusterEvent) => boolean): number {
    let low = this.#first;
    let high = this.#end;
    while (low < high) {
      const middle = (low + high) >> 1;
      const event = this.#at(middle);
      if (event && holds(event)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #at(number: number): ClusterEvent | undefined {
    return this.#ring[number % this.#capacity];
  }
}

/** Where a reader stands. */
interface Place {
  readonly next: number;
  /** Whether it missed events before it began. */
  readonly isBehind: boolean;
}

interface EventSource {
  bounds(): { readonly first: number; readonly end: number; readonly lostIndex: LogIndex };
  at(number: number): ClusterEvent | undefined;
  release(reader: EventReader): void;
}

/** One reader's place in the buffer. Ends only when closed. */
export class EventReader implements AsyncIterableIterator<ClusterEvent, undefined> {
  readonly #source: EventSource;
  #next: number;
  #isBehind: boolean;
  #isClosed = false;
  #waiting: ((result: IteratorResult<ClusterEvent, undefined>) => void) | undefined;

  constructor(source: EventSource, place: Place) {
    this.#source = source;
    this.#next = place.next;
    this.#isBehind = place.isBehind;
  }

  /** The next event that is there already; undefined at the present or when closed. */
  poll(): ClusterEvent | undefined {
    if (this.#isClosed) return undefined;
    const { first, end, lostIndex } = this.#source.bounds();
    if (this.#isBehind || this.#next < first) {
      const missed = Math.max(0, first - this.#next);
      this.#isBehind = false;
      this.#next = Math.max(first, this.#next);
      return gap(lostIndex, missed, this.#source.at(this.#next));
    }
    return this.#next < end ? this.#source.at(this.#next++) : undefined;
  }

  /** The next event, waited for. One call at a time. */
  next(): Promise<IteratorResult<ClusterEvent, undefined>> {
    assert(!this.#waiting, "an event reader is asked once at a time");
    const event = this.poll();
    if (event) return Promise.resolve({ done: false, value: event });
    if (this.#isClosed) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting = resolve);
  }

  /** Looks again; called by the buffer. */
  wake(): void {
    if (!this.#waiting) return;
    const value = this.poll();
    if (value) this.#settle({ done: false, value });
  }

  /** Ends the reader; one that waits is told that there is no more. */
  close(): void {
    this.#isClosed = true;
    this.#source.release(this);
    this.#settle({ done: true, value: undefined });
  }

  /** Called at the end of a `for await`. */
  return(): Promise<IteratorResult<ClusterEvent, undefined>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #settle(result: IteratorResult<ClusterEvent, undefined>): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(result);
  }
}

/** `missed` is 0 when nobody counted. */
function gap(index: LogIndex, missed: number, next: ClusterEvent | undefined): ClusterEvent {
  const count = missed === 0 ? "events" : `${missed} events`;
  return {
    index,
    timeMs: next?.timeMs ?? wallMs(0),
    type: "gap",
    message: `${count} up to index ${index} are no longer kept`,
    attributes: { lostThrough: String(index), ...(missed > 0 && { missed: String(missed) }) },
  };
}

/**
 * Keeps the events of everything that `feed` announces; returns a function that ends it. Subscribed
 * before the log is replayed, the buffer also has the events of what is replayed.
 */
export function recordEvents(feed: ChangeFeed, view: StateView, buffer: EventBuffer): () => void {
  return feed.subscribe((set) => {
    if (set.isRestore) buffer.skipTo(set.index);
    else buffer.add(eventsOf(set, (id) => view.node(id)?.name ?? id));
  });
}
