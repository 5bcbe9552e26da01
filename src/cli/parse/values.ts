/**
 * Values of the flags of one command line, read by name and form. Made by `parse.ts`, used by every
 * verb. Asking for a flag that the command does not declare is a bug and fails at once.
 */
import { assert, parseBytes, parseDurationMs, parseMilliCpus } from "../../lib/mod.ts";
import type { Flag, ValueForm } from "../tree/flag.ts";
import { quoted, usageError } from "./usage.ts";

const FORM_WORDS: Readonly<Record<ValueForm, string>> = {
  text: "text",
  count: "a whole number from 0",
  duration: "a duration such as 500ms, 10s or 1m30s",
  bytes: "a size such as 512k, 64m or 1.5g",
  cpus: "a number of cores such as 0.5, 2 or 250m",
  pair: "KEY=VALUE",
  ratio: "a number from 0 to 1",
};

/** Whole numbers beyond this are refused: the wire carries 32 bits. */
const MAX_COUNT = 2 ** 31 - 1;

/** What was given on the command line, by the flags' long names. */
export class FlagValues {
  readonly #declared: ReadonlySet<string>;
  readonly #values: ReadonlyMap<string, readonly string[]>;

  /** `values` holds `["true"]` for a switch that is on. */
  constructor(declared: Iterable<string>, values: ReadonlyMap<string, readonly string[]>) {
    this.#declared = new Set(declared);
    this.#values = values;
  }

  /** Whether the flag was given. */
  has(name: string): boolean {
    return this.all(name).length > 0;
  }

  /** Whether a switch is on. */
  isOn(name: string): boolean {
    return this.all(name)[0] === "true";
  }

  /** The value, or `undefined` when not given. */
  text(name: string): string | undefined {
    return this.all(name)[0];
  }

  /** Every value, in the order given. */
  all(name: string): readonly string[] {
    assert(this.#declared.has(name), `the command does not declare --${name}`);
    return this.#values.get(name) ?? [];
  }

  /** A whole number. */
  count(name: string): number | undefined {
    return this.#parsed(name, parseCount);
  }

  /** Milliseconds. */
  durationMs(name: string): number | undefined {
    return this.#parsed(name, parseDurationMs);
  }

  /** Bytes. */
  bytes(name: string): number | undefined {
    return this.#parsed(name, parseBytes);
  }

  /** Thousandths of a core. */
  milliCpus(name: string): number | undefined {
    return this.#parsed(name, parseMilliCpus);
  }

  /** A number from 0 to 1. */
  ratio(name: string): number | undefined {
    return this.#parsed(name, parseRatio);
  }

  /** `KEY=VALUE` values as a record; the last one of a key counts. */
  pairs(name: string): Record<string, string> {
    const record: Record<string, string> = {};
    for (const value of this.all(name)) {
      const [key, rest] = splitPair(value);
      Object.defineProperty(record, key, {
        value: rest,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return record;
  }

  #parsed(name: string, parse: (text: string) => number | undefined): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : parse(text);
  }
}

/** Checks one value against its flag. @throws WarrenError USAGE */
export function checkValue(flag: Flag, value: string): void {
  const isChoice = flag.choices?.includes(value) || flag.olderChoices?.includes(value);
  if (flag.choices !== undefined && !isChoice) {
    throw usageError(
      `Bad value ${quoted(value)} for --${flag.name}`,
      `use one of: ${flag.choices.join(", ")}`,
    );
  }
  const form = flag.form ?? "text";
  if (hasForm(form, value)) return;
  throw usageError(
    `Bad value ${quoted(value)} for --${flag.name}`,
    `it must be ${FORM_WORDS[form]}`,
  );
}

function hasForm(form: ValueForm, value: string): boolean {
  switch (form) {
    case "text":
      return !value.includes("\0");
    case "count":
      return parseCount(value) !== undefined;
    case "duration":
      return parseDurationMs(value) !== undefined;
    case "bytes":
      return parseBytes(value) !== undefined;
    case "cpus":
      return parseMilliCpus(value) !== undefined;
    case "ratio":
      return parseRatio(value) !== undefined;
    case "pair":
      return /^[^=\0]+=[^\0]*$/.test(value);
  }
}

/** Key and value of `KEY=VALUE`; the value is "" when there is no `=`. */
export function splitPair(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

/** A whole number from 0 to 2^31-1. */
export function parseCount(text: string): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const count = Number(text);
  return count <= MAX_COUNT ? count : undefined;
}

function parseRatio(text: string): number | undefined {
  if (!/^\d+(\.\d+)?$/.test(text)) return undefined;
  const ratio = Number(text);
  return ratio <= 1 ? ratio : undefined;
}
