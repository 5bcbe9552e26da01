/**
 * The data key: 32 random bytes in `keys/data.key`, under which everything secret is sealed.
 *
 * Called once at start, under the lock of the data directory. A key is never overwritten: whatever
 * was sealed under a lost key is lost too, so a missing or damaged one is refused, not replaced.
 */
import { WarrenError } from "../lib/mod.ts";

/** Length of the key in bytes (AES-256). */
export const DATA_KEY_BYTES = 32;

/** What to do when there is no key yet. */
export interface DataKeyOptions {
  /** True only while the data directory holds nothing sealed. */
  readonly create: boolean;
}

/**
 * Reads the data key of `dataDir`, or makes it when there is none and `create` allows it. The file
 * is made whole and durable before it gets its name.
 *
 * @throws WarrenError DATA_KEY_MISSING, DATA_CORRUPT (wrong length), DATA_DIR_UNUSABLE.
 */
export async function openDataKey(
  dataDir: string,
  options: DataKeyOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const path = `${dataDir}/keys/data.key`;
  const known = await maybeRead(path);
  if (known) return known;
  if (!options.create) {
    throw new WarrenError("DATA_KEY_MISSING", `Cannot open sealed data: "${path}" is missing`);
  }
  try {
    await create(`${dataDir}/keys`, path);
  } catch (error) {
    const what = `Cannot create "${path}": ${text(error)}`;
    throw new WarrenError("DATA_DIR_UNUSABLE", what, { cause: error });
  }
  const made = await maybeRead(path);
  if (made) return made;
  throw new WarrenError("DATA_KEY_MISSING", `Cannot open sealed data: "${path}" vanished`);
}

/**
 * Keeps the key that a joining manager was given. The same key again changes nothing.
 *
 * @throws WarrenError DATA_DIR_UNUSABLE, ALREADY_INITIALISED when there is another key.
 */
export async function adoptDataKey(dataDir: string, key: Uint8Array): Promise<void> {
  const path = `${dataDir}/keys/data.key`;
  const known = await maybeRead(path);
  if (known) {
    if (known.every((byte, at) => byte === key[at])) return;
    throw new WarrenError("ALREADY_INITIALISED", `Cannot join: "${path}" is of another cluster`);
  }
  try {
    await create(`${dataDir}/keys`, path, Uint8Array.from(key));
  } catch (error) {
    const what = `Cannot create "${path}": ${text(error)}`;
    throw new WarrenError("DATA_DIR_UNUSABLE", what, { cause: error });
  }
}

async function maybeRead(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  let key: Uint8Array<ArrayBuffer>;
  try {
    key = await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    const what = `Cannot read "${path}": ${text(error)}`;
    throw new WarrenError("DATA_DIR_UNUSABLE", what, { cause: error });
  }
  if (key.length === DATA_KEY_BYTES) return key;
  const what = `Cannot use "${path}": it has ${key.length} bytes, not ${DATA_KEY_BYTES}`;
  throw new WarrenError("DATA_CORRUPT", what);
}

async function create(
  dir: string,
  path: string,
  key: Uint8Array<ArrayBuffer> = crypto.getRandomValues(new Uint8Array(DATA_KEY_BYTES)),
): Promise<void> {
  await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
  const temporary = `${path}.new`;
  await removeIfThere(temporary);
  {
    using file = await Deno.open(temporary, { write: true, createNew: true, mode: 0o600 });
    await file.write(key);
    await file.sync();
  }
  key.fill(0);
  // A link fails when the name is taken, where a rename would put another key in its place.
  await Deno.link(temporary, path);
  await Deno.remove(temporary);
  await syncDir(dir);
  await syncDir(`${dir}/..`);
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function syncDir(path: string): Promise<void> {
  using dir = await Deno.open(path);
  await dir.sync();
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
