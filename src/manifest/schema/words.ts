/**
 * A command written as one text, as words: quotes and backslashes as in a shell, nothing else.
 *
 * No shell runs the command, so a text that needs one (`|`, `$HOME`, `>`) is refused rather than
 * passed on as odd arguments.
 */

/** The words of a command, or what is wrong with it. */
export type Words =
  | { readonly ok: true; readonly words: readonly string[] }
  | { readonly ok: false; readonly message: string };

const NEEDS_SHELL = /[|&;<>()$`\n*?~#]/;

/** Splits `command` into words. */
export function splitWords(command: string): Words {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < command.length; at++) {
    const char = command.charAt(at);
    if (char === "'" || char === '"') {
      const quoted = readQuoted(command, at);
      if (quoted === undefined) return { ok: false, message: `has an open ${char}: close it` };
      word = (word ?? "") + quoted.text;
      at = quoted.end;
    } else if (char === "\\" && at + 1 < command.length) {
      word = (word ?? "") + command.charAt(++at);
    } else if (char === " " || char === "\t") {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (NEEDS_SHELL.test(char)) {
      return { ok: false, message: shellMessage(char) };
    } else word = (word ?? "") + char;
  }
  if (word !== undefined) words.push(word);
  return { ok: true, words };
}

/** The text of the quotes that open at `start`, and where they close. */
function readQuoted(command: string, start: number): { text: string; end: number } | undefined {
  const quote = command.charAt(start);
  let text = "";
  for (let at = start + 1; at < command.length; at++) {
    const char = command.charAt(at);
    if (char === quote) return { text, end: at };
    const next = command.charAt(at + 1);
    if (quote === '"' && char === "\\" && (next === '"' || next === "\\")) {
      text += next;
      at++;
    } else text += char;
  }
  return undefined;
}

function shellMessage(char: string): string {
  const shown = char === "\n" ? "a line end" : char;
  return `has ${shown}, which needs a shell: write ["/bin/sh", "-c", "…"], or quote it`;
}
