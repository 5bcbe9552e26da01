/**
 * Tables of keys: each row says how a key is called, written, described, and where its value goes.
 * Decoding, export and documentation all read the same rows, so a new key is one line.
 *
 * Used by the tables of the kinds. A key that no row has is a fault with the nearest known key.
 */
import { findNearest } from "../../lib/mod.ts";
import { quoteText } from "../../model/mod.ts";
import type { MapTree, Tree, TreeEntry } from "../yaml/tree.ts";
import { type Codec, type FieldRow, type Plain, refuse } from "./codec.ts";
import type { Cursor } from "./cursor.ts";

/** A row: one key of the map that a `Draft` is read from. */
export interface Field<Draft> extends FieldRow {
  /** The draft with the value put in. */
  decode(draft: Draft, entry: TreeEntry, cursor: Cursor): Draft;
  /** What to write; undefined when it is the same as in `base`. */
  encode(draft: Draft, base: Draft): Plain | undefined;
  /** Notes that the key is missing from `map`; a fault when it is required. */
  miss(map: MapTree, cursor: Cursor): void;
}

/** Parts of a row. */
export interface FieldParts<Draft, T> {
  readonly key: string;
  readonly codec: Codec<T>;
  readonly doc: string;
  /** Where the value is in the decoded whole, for faults of validation: `task.image`. */
  readonly spec: string;
  /** Undefined when there is nothing to write. */
  readonly get: (draft: Draft) => T | undefined;
  /** `fault` says why this value cannot go with the draft. */
  readonly put: (draft: Draft, value: T, fault: (message: string) => void) => Draft;
  readonly aliases?: readonly string[];
  readonly required?: true;
}

/** A row of any shape. */
export function field<Draft, T>(parts: FieldParts<Draft, T>): Field<Draft> {
  const { key, codec, doc, spec, get, put, aliases = [], required = false } = parts;
  return {
    key,
    aliases,
    doc,
    required,
    type: codec.type,
    fields: codec.fields ?? [],
    decode(draft, entry, cursor) {
      const own = cursor.field(entry.key, spec, entry.value.place);
      const value = codec.decode(entry.value, own);
      return put(draft, value, (message) => own.fail(entry.keyPlace, message));
    },
    encode(draft, base) {
      const value = get(draft);
      if (value === undefined || (!required && isSame(value, get(base)))) return undefined;
      return codec.encode(value);
    },
    miss(map, cursor) {
      cursor.missing(key, spec, map.place);
      if (!required) return;
      cursor.scope.fail(cursor.spec === "" ? spec : `${cursor.spec}.${spec}`);
      cursor.fault(map.place, `must have ${key} (${codec.type})`);
    },
  };
}

/** Options of {@link own}. */
interface OwnOptions {
  readonly key?: string;
  readonly aliases?: readonly string[];
  readonly required?: true;
  readonly spec?: string;
}

/** Makes rows whose value is a property of the draft. */
export function ownFields<Draft extends object>() {
  return function own<Name extends keyof Draft & string>(
    name: Name,
    codec: Codec<Draft[Name]>,
    doc: string,
    options: OwnOptions = {},
  ): Field<Draft> {
    const { key = name, spec = name, ...rest } = options;
    return field({
      key,
      codec,
      doc,
      spec,
      ...rest,
      get: (draft: Draft) => draft[name],
      put: (draft, value) => ({ ...draft, [name]: value }),
    });
  };
}

/** Parts of a map codec. */
export interface TableParts<Draft> {
  /** For documentation and messages: `port`. */
  readonly type: string;
  /** What keys that are left out are. */
  readonly base: Draft;
  readonly fields: readonly Field<Draft>[];
}

/** A map with known keys. */
export function table<Draft>(parts: TableParts<Draft>): Codec<Draft> {
  const { type, base, fields } = parts;
  return {
    type,
    blank: base,
    fields,
    decode(tree, cursor) {
      if (tree.kind === "map") return decodeFields({ fields, base }, tree, cursor);
      return refuse(tree, cursor, `a map of ${fields.map((row) => row.key).join(", ")}`, base);
    },
    encode: (value) => encodeFields({ fields, base }, value),
  };
}

/** Reads the keys of `map` in the order of the rows; unknown and missing ones are faults. */
export function decodeFields<Draft>(
  rows: { readonly fields: readonly Field<Draft>[]; readonly base: Draft },
  map: MapTree,
  cursor: Cursor,
): Draft {
  let draft = rows.base;
  const used = new Set<TreeEntry>();
  for (const row of rows.fields) {
    const names = [row.key, ...row.aliases];
    const [first, ...others] = map.entries.filter((entry) => names.includes(entry.key));
    for (const entry of [first, ...others]) if (entry !== undefined) used.add(entry);
    for (const other of others) {
      cursor.fault(other.keyPlace, `has both ${first?.key} and ${other.key}: leave one out`);
    }
    if (first !== undefined) draft = row.decode(draft, first, cursor);
    else row.miss(map, cursor);
  }
  const known = rows.fields.map((row) => row.key);
  for (const entry of map.entries) if (!used.has(entry)) refuseKey(entry, known, cursor);
  return draft;
}

/** Writes what differs from the base. */
export function encodeFields<Draft>(
  rows: { readonly fields: readonly Field<Draft>[]; readonly base: Draft },
  draft: Draft,
): { readonly [key: string]: Plain } {
  const written: [string, Plain][] = [];
  for (const row of rows.fields) {
    const value = row.encode(draft, rows.base);
    if (value !== undefined) written.push([row.key, value]);
  }
  return Object.fromEntries(written);
}

/** Adds the fault of a key that no row has. */
export function refuseKey(entry: TreeEntry, known: readonly string[], cursor: Cursor): void {
  const near = findNearest(entry.key, known);
  const hint = near === undefined ? `known are ${known.join(", ")}` : `did you mean ${near}?`;
  cursor.fault(entry.keyPlace, `has the unknown key ${quoteText(entry.key)}: ${hint}`);
}

/** A codec over another one's values. `to` may report faults and gives the blank after them. */
export function mapped<Inner, Outer>(inner: Codec<Inner>, parts: {
  readonly blank: Outer;
  readonly type?: string;
  readonly to: (value: Inner, cursor: Cursor, tree: Tree) => Outer;
  readonly from: (value: Outer) => Inner;
}): Codec<Outer> {
  return {
    type: parts.type ?? inner.type,
    blank: parts.blank,
    ...(inner.fields && { fields: inner.fields }),
    decode: (tree, cursor) => parts.to(inner.decode(tree, cursor), cursor, tree),
    encode: (value) => inner.encode(parts.from(value)),
  };
}

/** A codec that also understands, and writes where it can, a short form of text. */
export function orShort<T>(long: Codec<T>, short: {
  readonly type: string;
  readonly blank: T;
  /** Undefined when the text has not the form. */
  readonly read: (text: string, cursor: Cursor, tree: Tree) => T | undefined;
  /** Undefined when the value needs the long form. */
  readonly write: (value: T) => Plain | undefined;
}): Codec<T> {
  const type = `${short.type} or ${long.type}`;
  return {
    type,
    blank: short.blank,
    ...(long.fields && { fields: long.fields }),
    decode(tree, cursor) {
      if (tree.kind !== "scalar") return long.decode(tree, cursor);
      const value = short.read(tree.text, cursor, tree);
      if (value !== undefined) return value;
      return refuse(tree, cursor, type.replaceAll("`", ""), short.blank);
    },
    encode: (value) => short.write(value) ?? long.encode(value),
  };
}

function isSame(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== "object" || typeof right !== "object" || !left || !right) return false;
  const [a, b] = [Object.entries(left), new Map(Object.entries(right))];
  return a.length === b.size && a.every(([key, value]) => b.has(key) && isSame(value, b.get(key)));
}
