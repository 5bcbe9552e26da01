/**
 * Faults of argument lists and environments: what the kernel refuses to start a program with.
 *
 * Called by the task and health validators.
 */
import { formatBytes } from "../../lib/mod.ts";
import type { TaskSpec } from "../service.ts";
import {
  checkCount,
  checkForm,
  checkText,
  formatCount,
  keyPath,
  type Report,
  utf8Length,
} from "./text.ts";

/** Linux refuses a single argument or variable of 128 KiB (MAX_ARG_STRLEN), its end included. */
const MAX_STRING_BYTES = 128 * 1024 - 1;
const MAX_ENV_BYTES = 512 * 1024;
const MAX_ENV_ENTRIES = 5_000;
const MAX_COMMAND_BYTES = 256 * 1024;
const MAX_COMMAND_WORDS = 1_000;

const ENV_KEY = {
  pattern: /^(?!__proto__$)[A-Za-z_][A-Za-z0-9_.-]{0,254}$/,
  form: "a name of letters, digits, _, . or -, not beginning with a digit",
};

/** Reports faults of an argument list; empty is fine. */
export function checkCommand(report: Report, path: string, words: readonly string[]): void {
  if (!checkCount(report, path, words.length, MAX_COMMAND_WORDS)) return;
  let totalBytes = 0;
  words.forEach((word, at) => {
    checkText(report, `${path}[${at}]`, word, { maxChars: MAX_STRING_BYTES, lines: true });
    totalBytes += utf8Length(word);
  });
  if (words[0] === "") report(`${path}[0]`, "must name a program, is empty");
  if (totalBytes > MAX_COMMAND_BYTES) {
    report(path, `must be at most ${formatBytes(MAX_COMMAND_BYTES)} altogether: mount a config`);
  }
}

/** Reports faults of the environment of a task, below the path `task.env`. */
export function checkEnv(report: Report, env: TaskSpec["env"]): void {
  const path = "task.env";
  const entries = Object.entries(env);
  if (!checkCount(report, path, entries.length, MAX_ENV_ENTRIES)) return;
  let totalBytes = 0;
  for (const [key, value] of entries) {
    const at = keyPath(path, key);
    checkForm(report, at, key, ENV_KEY);
    const bytes = utf8Length(key) + 1 + utf8Length(value);
    totalBytes += bytes;
    if (bytes > MAX_STRING_BYTES) {
      report(at, `must be at most ${formatCount(MAX_STRING_BYTES)} bytes: mount it as a config`);
    } else checkText(report, at, value, { maxChars: MAX_STRING_BYTES, lines: true });
  }
  if (totalBytes > MAX_ENV_BYTES) {
    report(path, `must be at most ${formatBytes(MAX_ENV_BYTES)} altogether: mount a config`);
  }
}
