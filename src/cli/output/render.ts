/**
 * Results in the forms of `-o` and `-q`. Pure but for YAML, whose writer is loaded when it is needed.
 *
 * A list is always an array and an object always an object, whatever their number.
 */
import type { FilterKeys } from "./filter.ts";
import { jsonText, type Paint, plain } from "./style.ts";
import { type Column, formatTable } from "./table.ts";

/** Forms of `-o`. */
export type OutputForm = "table" | "wide" | "json" | "yaml" | "name";

/** How a list of `Row` is shown. */
export interface ListView<Row> {
  readonly columns: readonly Column<Row>[];
  readonly id: (row: Row) => string;
  readonly name: (row: Row) => string;
  readonly json: (row: Row) => unknown;
  /** Keys of `--filter`; absent when the list has none. */
  readonly filters?: FilterKeys<Row>;
}

/** What decides the form. */
export interface RenderOptions {
  readonly form: OutputForm;
  readonly isQuiet: boolean;
  /** Cells of the terminal; `null` for no limit. */
  readonly columns: number | null;
  readonly paint: Paint;
}

/** A list as text; "" when there is nothing to print. */
export async function renderList<Row>(
  rows: readonly Row[],
  view: ListView<Row>,
  options: RenderOptions,
): Promise<string> {
  if (options.isQuiet) return lines(rows.map(view.id));
  switch (options.form) {
    case "name":
      return lines(rows.map(view.name));
    case "json":
      return `${jsonText(rows.map(view.json), 2)}\n`;
    case "yaml":
      return await toYaml(rows.map(view.json));
    case "table":
    case "wide":
      return formatTable(rows, view.columns, { ...options, isWide: options.form === "wide" });
  }
}

/** One object as text. */
export async function renderObject(
  object: {
    readonly id: string;
    readonly name: string;
    readonly json: unknown;
    readonly text: () => string;
  },
  form: OutputForm,
  isQuiet: boolean,
): Promise<string> {
  if (isQuiet) return lines([object.id]);
  if (form === "name") return lines([object.name]);
  if (form === "json") return `${jsonText(object.json, 2)}\n`;
  if (form === "yaml") return await toYaml(object.json);
  return object.text();
}

/** Labelled lines: `Name:   web`; rows without a value are left out. */
export function formatFields(fields: readonly (readonly [string, string])[]): string {
  const shown = fields.filter(([, value]) => value !== "");
  const width = Math.max(0, ...shown.map(([label]) => label.length));
  const text = shown.map(([label, value]) => {
    const [first = "", ...others] = value.split("\n").map(plain);
    const rest = others.map((line) => `\n${" ".repeat(width + 3)}${line}`).join("");
    return `${`${label}:`.padEnd(width + 1)}  ${first}${rest}`;
  });
  return lines(text);
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}

async function toYaml(value: unknown): Promise<string> {
  const yaml = await import("./yaml.ts");
  return yaml.toYaml(value);
}
