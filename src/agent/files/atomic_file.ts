/**
 * Writes a small file so that a reader, or a start after a power cut, sees the old or the new one.
 *
 * It is opened synchronously, as every file that must not be lost (docs/dependencies.md, "Unix
 * sockets are closed twice").
 */

/** Replaces `path` with `text`, readable by the owner only. The folder must exist. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const draft = `${path}.new`;
  {
    using file = Deno.openSync(draft, { create: true, write: true, truncate: true, mode: 0o600 });
    let rest = new TextEncoder().encode(text);
    while (rest.length > 0) rest = rest.subarray(await file.write(rest));
    await file.sync();
  }
  await Deno.rename(draft, path);
}

/** The text of `path`, or undefined when there is no such file. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
