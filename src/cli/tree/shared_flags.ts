/**
 * Flags that every command accepts, and those that many share. A command's own flag of the same name
 * comes first, so `worker start --manager` is not the older spelling of `--host`.
 */
import type { Flag } from "./flag.ts";

/** Output forms of `-o`. */
export const OUTPUT_FORMS = ["table", "wide", "json", "yaml", "name"] as const;

/** Accepted by every command. */
export const SHARED_FLAGS: readonly Flag[] = [
  {
    name: "host",
    synonyms: ["manager"],
    value: "ADDRESS",
    summary: "manager to talk to: unix:///path or HOST:PORT; several with commas, tried in turn",
    fallback: "the local socket",
    env: ["WARREN_HOST", "WARREN_MANAGER"],
  },
  {
    name: "output",
    short: "o",
    synonyms: ["format"],
    value: "FORM",
    choices: OUTPUT_FORMS,
    summary: "form of the result",
    fallback: "table",
  },
  { name: "quiet", short: "q", summary: "print ids only" },
  { name: "no-trunc", summary: "do not shorten ids and texts" },
  {
    name: "timeout",
    value: "DURATION",
    form: "duration",
    summary: "give up after this long; commands that wait: 5m, other requests: 30s",
  },
  {
    name: "log-level",
    value: "LEVEL",
    choices: ["debug", "info", "warn", "error"],
    summary: "how much to say on stderr",
    fallback: "info",
    env: ["WARREN_LOG_LEVEL"],
  },
  {
    name: "log-format",
    value: "FORM",
    choices: ["json", "text"],
    summary: "form of a daemon's log lines",
    fallback: "json unless stderr is a terminal",
  },
  { name: "log-json", hidden: true, summary: "older spelling of --log-format json" },
  { name: "help", short: "h", summary: "show help" },
];

/** For commands that change something. */
export const DETACH_FLAG: Flag = {
  name: "detach",
  short: "d",
  summary: "return at once instead of waiting until it is done",
};

/** For commands that only look. */
export const STALE_FLAG: Flag = {
  name: "stale",
  summary: "be content with what the asked manager knows, also while there is no leader",
};

/** For lists; `keys` are what the list can be filtered by. */
export function filterFlag(keys: readonly string[]): Flag {
  return {
    name: "filter",
    value: "KEY=VALUE",
    form: "pair",
    repeats: true,
    keys,
    summary: `only what matches (keys: ${keys.join(", ")}; * matches any text)`,
  };
}

/** For removals: accepted for older scripts; nothing is ever asked. */
export const FORCE_FLAG: Flag = {
  name: "force",
  hidden: true,
  summary: "accepted for older scripts, since nothing is asked",
};
