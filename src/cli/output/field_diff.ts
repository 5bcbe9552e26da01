/**
 * A difference between two specs as people read it: units with numbers, and nested values as `key=value`.
 * Pure; used by `plan`, `apply --dry-run` and `service history`. JSON keeps paths and values as they are.
 */
import { formatBytes, formatDurationMs } from "../../lib/mod.ts";
import { plain } from "./style.ts";
import { formatCpus } from "./text.ts";

/** One field that differs; `null` or absent is "not there". */
export interface FieldChange {
  readonly path: string;
  readonly before?: string | null | undefined;
  readonly after?: string | null | undefined;
}

const MAX_VALUE_CHARS = 200;

/** How a unit at the end of a field's name is written. */
const UNITS: readonly (readonly [suffix: string, shown: string, format: (n: number) => string])[] =
  [
    ["Ms", "", formatDurationMs],
    ["Bytes", "", formatBytes],
    ["milliCpus", "cpus", formatCpus],
    ["mode", "mode", (mode) => `0${mode.toString(8)}`],
  ];

/** The field with its values in readable form; both `null` where nothing was or will be. */
export function readable(
  { path, before, after }: FieldChange,
): { readonly path: string; readonly before: string | null; readonly after: string | null } {
  const name = OWN_NAMES.test(path) ? path : fieldOf(path).name;
  const show = (value: string | null | undefined) =>
    value === null || value === undefined ? null : short(valueText(path, value));
  return { path: plain(name.replace(/^task\./, "")), before: show(before), after: show(after) };
}

/** Name without its unit, and how its numbers are written. */
function fieldOf(name: string): { readonly name: string; readonly format: typeof formatBytes } {
  const unit = UNITS.find(([suffix]) => name.endsWith(suffix));
  if (unit === undefined) return { name, format: String };
  const [suffix, shown, format] = unit;
  return { name: name.slice(0, -suffix.length) + shown, format };
}

/** Below these the names and values are the user's own. */
const OWN_NAMES = /^(task\.)?(env|labels|options|data)[.[]/;

function valueText(path: string, value: string): string {
  if (OWN_NAMES.test(path)) return value;
  if (/^\d{1,15}$/.test(value)) return fieldOf(path).format(Number(value));
  if (!/^[[{]/.test(value)) return value;
  const parsed = parseJson(value);
  return parsed === undefined ? value : nestedText(parsed);
}

function nestedText(value: unknown): string {
  if (Array.isArray(value)) return value.map(nestedText).join(" ");
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value).map(([key, inner]) => pairText(key, inner)).filter(Boolean).join(
    " ",
  );
}

/** "" for what says nothing. */
function pairText(key: string, value: unknown): string {
  if (value === "" || value === null || value === false || value === 0) return "";
  if (typeof value === "object") return nestedText(value);
  const { name, format } = fieldOf(key);
  return `${name}=${typeof value === "number" ? format(value) : String(value)}`;
}

/** `undefined` for what is not JSON, such as a value that was cut. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function short(value: string): string {
  const line = plain(value);
  return line.length > MAX_VALUE_CHARS ? `${line.slice(0, MAX_VALUE_CHARS)}…` : line;
}
