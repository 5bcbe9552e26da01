/**
 * The data directory of one process: its lock and its format version.
 *
 * Taken first at start and let go last. While it is held no other process uses the directory.
 */
import { WarrenError } from "../lib/mod.ts";

/** Format of the directory as a whole: which files there are and what they are called. */
export const DATA_DIR_FORMAT = 1;

/** A data directory that this process holds. */
export interface DataDir extends Disposable {
  readonly path: string;
}

/**
 * Makes `path` when absent, locks it and checks its format.
 *
 * @throws WarrenError DATA_DIR_IN_USE, DATA_DIR_UNUSABLE (no permission, or written by a newer
 *   version).
 */
export async function openDataDir(path: string): Promise<DataDir> {
  let lock: Deno.FsFile | undefined;
  try {
    await Deno.mkdir(path, { recursive: true, mode: 0o700 });
    lock = await Deno.open(`${path}/lock`, { write: true, create: true, mode: 0o600 });
    if (!await lock.tryLock(true)) {
      throw new WarrenError(
        "DATA_DIR_IN_USE",
        `Cannot use data directory "${path}": another process has it`,
      );
    }
    await checkFormat(path);
  } catch (error) {
    lock?.close();
    if (error instanceof WarrenError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    const what = `Cannot use data directory "${path}": ${why}`;
    const hint = "choose another with --data-dir, or make this one writable for this user";
    throw new WarrenError("DATA_DIR_UNUSABLE", what, { hint, cause: error });
  }
  // Closing the file lets the lock go; so does the end of the process, however it ends.
  const held = lock;
  return { path, [Symbol.dispose]: () => held.close() };
}

async function checkFormat(path: string): Promise<void> {
  const file = `${path}/format`;
  const text = await maybeRead(file);
  if (text === undefined) return await writeFormat(path, file);
  if (text.trim() === String(DATA_DIR_FORMAT)) return;
  throw new WarrenError(
    "DATA_DIR_UNUSABLE",
    `Cannot use data directory "${path}": format ${JSON.stringify(text.trim().slice(0, 20))} ` +
      "was written by a newer version",
    { hint: "run the version of warren that wrote it, or a newer one" },
  );
}

async function maybeRead(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function writeFormat(path: string, file: string): Promise<void> {
  {
    using written = await Deno.open(`${file}.new`, {
      write: true,
      create: true,
      truncate: true,
      mode: 0o600,
    });
    await written.write(new TextEncoder().encode(`${DATA_DIR_FORMAT}\n`));
    await written.sync();
  }
  await Deno.rename(`${file}.new`, file);
  using dir = await Deno.open(path);
  await dir.sync();
}
