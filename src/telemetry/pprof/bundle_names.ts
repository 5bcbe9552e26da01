/**
 * Gives functions of a minified bundle their names back, for profiles.
 *
 * Used by the profiler. The bundler shortens `function planTask(` to `function Pn(` and notes the
 * name right behind it, `}o(Pn,"planTask")`, so that programs see it; the engine's profiles do not.
 * Pure. Names of private methods are lost in a bundle; their class is told instead.
 */

/** Where a function begins; both count from 0. */
export interface FunctionPlace {
  readonly functionName: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

interface Note {
  /** Where the note stands in the text: behind the function's end. */
  readonly offset: number;
  readonly name: string;
}

/** Longest name that the bundler makes up. */
const MAX_SHORT_NAME = 4;
const CLASSES = /static\{[\w$]{1,4}\(this,"([\w$]+)"\)/g;
const NOTES = /\}([\w$]{1,4})\(([\w$]{1,4}),"([\w$]+)"\)/g;

/** The notes of one file. */
export class BundleNames {
  readonly #notes = new Map<string, Note[]>();
  readonly #classes: Note[] = [];
  readonly #lineOffsets: number[] = [0];

  /** Reads `text`; a file that is no bundle simply has no notes. */
  constructor(text: string) {
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
      this.#lineOffsets.push(at + 1);
    }
    for (const match of text.matchAll(CLASSES)) {
      this.#classes.push({ offset: match.index, name: match[1] ?? "" });
    }
    const found = [...text.matchAll(NOTES)];
    const noter = mostFrequent(found.map((match) => match[1] ?? ""));
    for (const match of found) {
      const [, by, short = "", name = ""] = match;
      if (by !== noter) continue;
      const notes = this.#notes.get(short) ?? [];
      notes.push({ offset: match.index, name });
      this.#notes.set(short, notes);
    }
  }

  /** The name that the function had before; its present one when there is no note. */
  find({ functionName, lineNumber, columnNumber }: FunctionPlace): string {
    if (functionName.length > MAX_SHORT_NAME) return functionName;
    const begin = (this.#lineOffsets[lineNumber] ?? Infinity) + columnNumber;
    if (functionName.startsWith("#")) {
      const owner = this.#classes.findLast(({ offset }) => offset < begin);
      return owner === undefined ? functionName : `${owner.name}.${functionName}`;
    }
    const note = this.#notes.get(functionName)?.find(({ offset }) => offset > begin);
    return note?.name ?? functionName;
  }
}

function mostFrequent(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? "";
}
