/**
 * The data directory: locked by one process, remembering what kind of daemon it belongs to.
 *
 * Layout: `lock`, `settings.json` (format version and flags of the first start), `node.json` (who
 * this node is), `log/` and `keys/` (managers), `agent/` (nodes with an agent). Everything is
 * readable by the owner only.
 */
import { WarrenError } from "../lib/mod.ts";
import type { SavedSettings } from "./settings.ts";

/** Version of the directory's layout; a higher one is refused, a lower one would be migrated. */
const FORMAT = 1;

/** Who this node is, and what it proves itself with. */
export interface NodeIdentity {
  readonly nodeId: string;
  readonly credential: string;
}

/** A locked data directory; `await using` unlocks it. */
export class DataDir implements AsyncDisposable {
  readonly path: string;
  readonly #lock: Deno.FsFile;

  private constructor(path: string, lock: Deno.FsFile) {
    this.path = path;
    this.#lock = lock;
  }

  /**
   * Makes the directory when it is missing and locks it.
   *
   * @throws WarrenError DATA_DIR_IN_USE, DATA_DIR_UNUSABLE
   */
  static async open(path: string): Promise<DataDir> {
    try {
      await Deno.mkdir(path, { recursive: true, mode: 0o700 });
      const options = { create: true, write: true, mode: 0o600 };
      const lock = await Deno.open(`${path}/lock`, options);
      if (await lock.tryLock(true)) return new DataDir(path, lock);
      lock.close();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const message = `Cannot use the data directory "${path}": ${why}`;
      const hint = "name a directory that you may write to with --data-dir or WARREN_DATA_DIR";
      throw new WarrenError("DATA_DIR_UNUSABLE", message, { hint, cause: error });
    }
    const message = `Cannot use the data directory "${path}": another warren process holds it`;
    throw new WarrenError("DATA_DIR_IN_USE", message);
  }

  /** What earlier starts left, or null for a fresh directory. @throws WarrenError DATA_CORRUPT */
  async settings(): Promise<SavedSettings | null> {
    const saved = await this.#read("settings.json");
    if (saved === null) return null;
    if (saved.format !== FORMAT) {
      const message =
        `Cannot use "${this.path}": its format is ${saved.format}, known is ${FORMAT}`;
      throw new WarrenError("DATA_CORRUPT", message, { hint: "use the newer version of Warren" });
    }
    return saved.settings as SavedSettings;
  }

  /** Remembers `settings` for later starts. */
  saveSettings(settings: SavedSettings): Promise<void> {
    return this.#write("settings.json", { format: FORMAT, settings });
  }

  /** This node's identity, or null before the first start is through. */
  async identity(): Promise<NodeIdentity | null> {
    const saved = await this.#read("node.json");
    if (saved === null) return null;
    return { nodeId: String(saved.nodeId), credential: String(saved.credential) };
  }

  /** Keeps the identity; it is never overwritten by another one. */
  saveIdentity(identity: NodeIdentity): Promise<void> {
    return this.#write("node.json", { ...identity });
  }

  async #read(name: string): Promise<Record<string, unknown> | null> {
    const path = `${this.path}/${name}`;
    try {
      return parseObject(await Deno.readTextFile(path));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      const why = error instanceof Error ? error.message : String(error);
      const hint = "restore the file from a backup, or start with an empty data directory";
      throw new WarrenError("DATA_CORRUPT", `Cannot read "${path}": ${why}`, { hint });
    }
  }

  async #write(name: string, value: Record<string, unknown>): Promise<void> {
    const path = `${this.path}/${name}`;
    const options = { create: true, write: true, truncate: true, mode: 0o600 };
    {
      using file = await Deno.open(`${path}.new`, options);
      await file.write(new TextEncoder().encode(JSON.stringify(value, null, 2) + "\n"));
      await file.sync();
    }
    await Deno.rename(`${path}.new`, path);
    using folder = await Deno.open(this.path);
    await folder.sync();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#lock.close();
    return Promise.resolve();
  }
}

function parseObject(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  throw new Error("it does not hold an object");
}
