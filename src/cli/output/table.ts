/**
 * Tables that fit their terminal. Pure: rows and columns in, text out.
 *
 * When the table is too wide, the gaps become narrower, then columns that say nothing are left out, then the
 * columns that may shrink are cut, the widest one first, then the columns that yield go; ids, names and
 * states stay whole.
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
  /** Left out of a table that is too wide even so, the smallest number first. */
  readonly yields?: number;
}

/** How to lay a table out. */
export interface TableOptions {
  /** Cells that the terminal has; `null` for no limit. */
  readonly columns: number | null;
  readonly isWide: boolean;
  readonly paint: Paint;
}

const GAP_CELLS = 3;
const NARROW_GAP_CELLS = 2;

/** One column as it will be printed. */
interface Laid<Row> {
  readonly column: Column<Row>;
  readonly cells: readonly string[];
  readonly width: number;
}

/** The table as text with a header line; ends with a line feed. */
export function formatTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  options: TableOptions,
): string {
  const all = columns.filter((column) => column.wide !== true || options.isWide).map((column) => {
    const cells = rows.map((row) => plain(column.cell(row)));
    const width = Math.max(displayWidth(column.header), ...cells.map(displayWidth));
    return { column, cells, width };
  });
  // Who asks for everything gets everything, in as many lines as it takes.
  const { laid, gapCells } = fit(all, options.isWide ? null : options.columns);
  const gap = " ".repeat(gapCells);
  const header = laid.map(({ column, width }) => pad(column.header, width, column.align));
  const lines = [header.join(gap).trimEnd()];
  rows.forEach((row, rowAt) => {
    const parts = laid.map(({ column, cells, width }, at) => {
      const text = pad(cutTo(cells[rowAt] ?? "", width), width, column.align);
      const isLast = at === laid.length - 1;
      return options.paint(isLast ? text.trimEnd() : text, column.tone?.(row));
    });
    lines.push(parts.join(gap).trimEnd());
  });
  return `${lines.join("\n")}\n`;
}

function fit<Row>(
  all: readonly Laid<Row>[],
  limit: number | null,
): { readonly laid: readonly Laid<Row>[]; readonly gapCells: number } {
  if (limit === null || totalWidth(all, GAP_CELLS) <= limit) {
    return { laid: all, gapCells: GAP_CELLS };
  }
  const telling = all.filter(({ column, cells }) =>
    column.yields === undefined || cells.some((cell) => cell !== "")
  );
  for (let laid = telling;;) {
    const shrunk = shrink(laid, limit);
    const first = firstToGo(laid);
    if (first === undefined || totalWidth(shrunk, NARROW_GAP_CELLS) <= limit) {
      return { laid: shrunk, gapCells: NARROW_GAP_CELLS };
    }
    laid = laid.filter((part) => part !== first);
  }
}

function totalWidth<Row>(laid: readonly Laid<Row>[], gapCells: number): number {
  return laid.reduce((sum, { width }) => sum + width, 0) + gapCells * (laid.length - 1);
}

function firstToGo<Row>(laid: readonly Laid<Row>[]): Laid<Row> | undefined {
  const order = ({ column }: Laid<Row>) => column.yields ?? Infinity;
  return laid.filter(({ column }) => column.yields !== undefined)
    .sort((a, b) => order(a) - order(b))[0];
}

function shrink<Row>(laid: readonly Laid<Row>[], limit: number): readonly Laid<Row>[] {
  const widths = laid.map(({ width }) => width);
  for (let excess = totalWidth(laid, NARROW_GAP_CELLS) - limit; excess > 0; excess--) {
    let widest = -1;
    laid.forEach(({ column }, at) => {
      const width = widths[at] ?? 0;
      if (width > (column.shrinkTo ?? Infinity) && (widest < 0 || width > (widths[widest] ?? 0))) {
        widest = at;
      }
    });
    if (widest < 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return laid.map((part, at) => ({ ...part, width: widths[at] ?? part.width }));
}

function pad(text: string, width: number, align: "right" | undefined): string {
  const spaces = " ".repeat(Math.max(0, width - displayWidth(text)));
  return align === "right" ? spaces + text : text + spaces;
}
