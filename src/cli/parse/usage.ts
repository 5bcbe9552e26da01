/**
 * Errors of usage and the quoting of what was typed. Every fault that the command line itself finds
 * is made here, so that they all read alike and exit with 2.
 */
import { WarrenError } from "../../lib/mod.ts";

const MAX_QUOTED_CHARS = 80;

/** A fault in the command line; `hint` is the next step. */
export function usageError(message: string, hint?: string): WarrenError {
  return new WarrenError("USAGE", message, hint === undefined ? {} : { hint });
}

/** `text` in quotes, cut to 80 characters, without control characters. */
export function quoted(text: string): string {
  const cut = text.length > MAX_QUOTED_CHARS ? `${text.slice(0, MAX_QUOTED_CHARS)}…` : text;
  return JSON.stringify(cut).replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
