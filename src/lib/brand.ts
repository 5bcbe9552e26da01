/**
 * Branded primitive types: a `WallMs` cannot be passed where a `MonoMs` is wanted.
 *
 * A brand exists only for the type checker; the value is a plain string or number. Values are made
 * by the functions that own the meaning (clock, id source, parsers), never by a cast elsewhere.
 */
declare const brand: unique symbol;

/** `Base` that only its owner can make. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

/** Milliseconds since the Unix epoch: for records and display, never for durations. */
export type WallMs = Brand<number, "WallMs">;

/** Milliseconds on a clock that never steps: for durations and deadlines of one process. */
export type MonoMs = Brand<number, "MonoMs">;

/** Marks `value` as wall time. Call it where a number enters from a clock, the wire or disk. */
export function wallMs(value: number): WallMs {
  return value as WallMs;
}

/** Marks `value` as monotonic time. */
export function monoMs(value: number): MonoMs {
  return value as MonoMs;
}
