/**
 * What a planted bug is: a change of one place of the core's source, and the rule that it breaks.
 */

/** A change of one place, and the rule of the study that it breaks. */
export interface Bug {
  readonly name: string;
  readonly rule: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

type Row = readonly [name: string, rule: string, find: string, replace: string];

/** Bugs of one file of the core. */
export function inFile(file: string, rows: readonly Row[]): Bug[] {
  return rows.map(([name, rule, find, replace]) => ({ name, rule, file, find, replace }));
}
