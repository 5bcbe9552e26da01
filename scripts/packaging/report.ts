/**
 * What a build leaves beside the executables: checksums, and the table it prints.
 *
 * Called at the end of the build and by the size gate. Files that are not executables are not listed.
 */
import { createHash } from "node:crypto";
import { COMPILED_DIR, DIST_DIR } from "./paths.ts";

/** Writes dist/SHA256SUMS for every executable in dist, in the form that `sha256sum -c` reads. */
export async function writeChecksums(): Promise<void> {
  const lines: string[] = [];
  for (const [dir, prefix] of [[DIST_DIR, ""], [COMPILED_DIR, "compiled/"]] as const) {
    for (const name of await executablesIn(dir)) {
      const digest = createHash("sha256").update(await Deno.readFile(`${dir}/${name}`)).digest(
        "hex",
      );
      lines.push(`${digest}  ${prefix}${name}\n`);
    }
  }
  await Deno.writeTextFile(`${DIST_DIR}/SHA256SUMS`, lines.join(""));
}

/** Names of the executables in a folder, sorted; none when the folder is missing. */
export async function executablesIn(dir: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(dir)) {
      if (isFile && name.startsWith("warren-")) names.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort();
}

/** Rows in aligned columns: the first to the left, the others to the right. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length))
  );
  return rows.map((row) =>
    row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
    ).join("  ").trimEnd()
  ).join("\n");
}
