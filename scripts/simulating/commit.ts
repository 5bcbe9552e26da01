/** Which sources these are: seeds mean nothing without that. */

/** The commit that is checked out, shortened; "unknown" where there is no git. */
export function commit(): string {
  try {
    const args = ["-C", new URL(".", import.meta.url).pathname, "rev-parse", "--short=12", "HEAD"];
    const { success, stdout } = new Deno.Command("git", { args, stderr: "null" }).outputSync();
    return success ? new TextDecoder().decode(stdout).trim() : "unknown";
  } catch (error) {
    // No git on this machine.
    if (error instanceof Deno.errors.NotFound) return "unknown";
    throw error;
  }
}
