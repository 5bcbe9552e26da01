/**
 * Flags and arguments as data: the part of the command tree that parsing, help and completion read.
 *
 * A verb's file lists them; what they mean is the verb's business.
 */

/** What a word stands for, so that completion can offer the right names. */
export type NameKind =
  | "service"
  | "task"
  | "service-or-task"
  | "node"
  | "secret"
  | "config"
  | "volume"
  | "file"
  | "directory";

/** Form that a flag's value must have; checked while parsing. */
export type ValueForm = "text" | "count" | "duration" | "bytes" | "cpus" | "pair" | "ratio";

/** One flag. Without `value` it is a switch. */
export interface Flag {
  /** Long name without dashes. */
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /** Other long names that are accepted but not shown: older spellings. */
  readonly synonyms?: readonly string[];
  /** Placeholder in help, for instance `HOST:PORT`. */
  readonly value?: string;
  /** `text` unless given. */
  readonly form?: ValueForm;
  readonly choices?: readonly string[];
  /** Accepted beside `choices`, but not shown: older spellings. */
  readonly olderChoices?: readonly string[];
  /** May be given several times. */
  readonly repeats?: true;
  /** One phrase, lower case, no full stop. */
  readonly summary: string;
  /** Default as help shows it. */
  readonly fallback?: string;
  /** Environment variables that stand in for it, first one first. */
  readonly env?: readonly string[];
  /** Heading in help; "Flags" unless given. */
  readonly group?: string;
  readonly names?: NameKind;
  /** Keys that completion offers for a `KEY=VALUE`. */
  readonly keys?: readonly string[];
  /** Accepted, but not shown in help or completion. */
  readonly hidden?: true;
}

/** One positional argument. */
export interface Arg {
  /** Upper case, for instance `SERVICE`. */
  readonly name: string;
  readonly summary: string;
  readonly optional?: true;
  /** Takes all words that are left; only on the last argument. */
  readonly repeats?: true;
  readonly names?: NameKind;
  readonly choices?: readonly string[];
  /** What completion puts after a name, for instance `=`. */
  readonly suffix?: string;
}
