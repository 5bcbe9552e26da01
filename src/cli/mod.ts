/**
 * The command line: a tree of commands as data, and what parses, explains, completes and runs it.
 *
 * The program enters by `main.ts`, which loads as little as it can. This door is for what is made from the
 * tree: the reference in `docs/`.
 */
export { flagLabel, flagText, groupFlags, usageLine } from "./help/help.ts";
export type { Command } from "./tree/command.ts";
export type { Flag } from "./tree/flag.ts";
export { ROOT } from "./tree/root.ts";
export { SHARED_FLAGS } from "./tree/shared_flags.ts";
