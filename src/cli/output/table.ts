/**
 * Tables that fit their terminal. Pure: rows and columns in, text out.
 *
 * When the table is too wide, the columns that may shrink are cut, the widest one first; ids, names
 * and numbers never are.
 */
import { cutTo, displayWidth, type Paint, plain, type Tone } from "./style.ts";

/** One column of a table of `Row`. */
export interface Column<Row> {
  readonly header: string;
  readonly cell: (row: Row) => string;
  readonly tone?: (row: Row) => Tone | undefined;
  readonly align?: "right";
  /** Only with `-o wide`. */
  readonly wide?: true;
  /** May be cut down to this many cells. */
  readonly shrinkTo?: number;
}

/** How to lay a table out. */
export interface TableOptions {
  /** Cells that the terminal has; `null` for no limit. */
  readonly columns: number | null;
  readonly isWide: boolean;
  readonly paint: Paint;
}

const GAP = "   ";

/** The table as text with a header line; ends with a line feed. */
export function formatTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  options: TableOptions,
): string {
  const shown = columns.filter((column) => column.wide !== true || options.isWide);
  const cells = rows.map((row) => shown.map((column) => plain(column.cell(row))));
  const widths = shown.map((column, at) =>
    Math.max(displayWidth(column.header), ...cells.map((line) => displayWidth(line[at] ?? "")))
  );
  if (options.columns !== null) shrink(shown, widths, options.columns);
  const header = shown.map((column, at) => pad(column.header, widths[at] ?? 0, column.align));
  const lines = [header.join(GAP).trimEnd()];
  cells.forEach((line, rowAt) => {
    const row = rows[rowAt];
    const parts = shown.map((column, at) => {
      const text = pad(cutTo(line[at] ?? "", widths[at] ?? 0), widths[at] ?? 0, column.align);
      const isLast = at === shown.length - 1;
      const trimmed = isLast ? text.trimEnd() : text;
      return row === undefined ? trimmed : options.paint(trimmed, column.tone?.(row));
    });
    lines.push(parts.join(GAP).trimEnd());
  });
  return `${lines.join("\n")}\n`;
}

function shrink<Row>(columns: readonly Column<Row>[], widths: number[], limit: number): void {
  const total = () =>
    widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1);
  for (let excess = total() - limit; excess > 0; excess = total() - limit) {
    let widest = -1;
    columns.forEach((column, at) => {
      const width = widths[at] ?? 0;
      const least = column.shrinkTo === undefined ? Infinity : column.shrinkTo;
      if (width > least && (widest < 0 || width > (widths[widest] ?? 0))) widest = at;
    });
    if (widest < 0) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

function pad(text: string, width: number, align: "right" | undefined): string {
  const spaces = " ".repeat(Math.max(0, width - displayWidth(text)));
  return align === "right" ? spaces + text : text + spaces;
}
