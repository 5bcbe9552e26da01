/** The part of @std/cli that the parser uses; the package carries no types of its own. */
export interface ParseArgsOptions {
  readonly string: readonly string[];
  readonly boolean: readonly string[];
  readonly collect: readonly string[];
  readonly "--": true;
}
export function parseArgs(
  args: readonly string[],
  options: ParseArgsOptions,
): Readonly<Record<string, unknown>>;
