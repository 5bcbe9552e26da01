/**
 * One pull per image at a time, shared by every task that needs it.
 *
 * A pull goes on as long as one of its tasks wants it, and is given up when the last one leaves.
 */
import type { Runtime } from "../runtime/runtime.ts";

interface Flight {
  readonly abort: AbortController;
  readonly done: Promise<string>;
  readonly listeners: Set<() => void>;
  waiters: number;
  hasBegun: boolean;
}

/** What one task wants of a pull. */
export interface PullWish {
  readonly signal: AbortSignal;
  /** Called once when the image really is being pulled. */
  readonly onPulling: () => void;
}

/** Pulls of one runtime; as many at a time as there are different images. */
export class ImagePulls {
  readonly #runtime: Runtime;
  readonly #flights = new Map<string, Flight>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Resolves when `image` is on the node. @throws as `Runtime.ensureImage`; the reason on abort */
  async ensure(image: string, wish: PullWish): Promise<void> {
    wish.signal.throwIfAborted();
    const flight = this.#flights.get(image) ?? this.#begin(image);
    flight.waiters++;
    flight.listeners.add(wish.onPulling);
    if (flight.hasBegun) wish.onPulling();
    const left = Promise.withResolvers<never>();
    const leave = () => left.reject(wish.signal.reason);
    wish.signal.addEventListener("abort", leave, { once: true });
    try {
      await Promise.race([flight.done, left.promise]);
    } finally {
      wish.signal.removeEventListener("abort", leave);
      flight.listeners.delete(wish.onPulling);
      flight.waiters--;
      if (flight.waiters === 0) flight.abort.abort(new DOMException("unwanted", "AbortError"));
    }
  }

  #begin(image: string): Flight {
    const abort = new AbortController();
    const onProgress = () => {
      if (flight.hasBegun) return;
      flight.hasBegun = true;
      for (const tell of flight.listeners) tell();
    };
    const done = this.#runtime.ensureImage(image, { signal: abort.signal, onProgress })
      .finally(() => {
        if (this.#flights.get(image) === flight) this.#flights.delete(image);
      });
    done.catch(() => {}); // every waiter gets it through its own race
    const flight: Flight = { abort, done, listeners: new Set(), waiters: 0, hasBegun: false };
    this.#flights.set(image, flight);
    abort.signal.addEventListener("abort", () => {
      if (this.#flights.get(image) === flight) this.#flights.delete(image);
    });
    return flight;
  }
}
