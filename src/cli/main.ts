/** Placeholder front of the command line, replaced with the command tree. */
export function runCli(args: readonly string[]): Promise<number> {
  if (args[0] === "version") {
    // deno-lint-ignore no-console
    console.log("warren 0.1.0");
    return Promise.resolve(0);
  }
  return Promise.resolve(2);
}
