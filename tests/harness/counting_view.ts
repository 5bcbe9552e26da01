/** A view that counts how much of it is looked at: lookups, and items of lists. */
import type { StateView } from "../../src/store/mod.ts";

/** `view` with a counter beside it. */
export function countingView(view: StateView): { view: StateView; count: () => number } {
  let count = 0;
  const counted = new Proxy(view, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        count++;
        const result: unknown = value.apply(target, args);
        return isIterator(result) ? items(result) : result;
      };
    },
  });
  function* items(iterable: Iterable<unknown>) {
    for (const item of iterable) {
      count++;
      yield item;
    }
  }
  return { view: counted, count: () => count };
}

function isIterator(value: unknown): value is Iterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}
