/**
 * The data directory: locked by one process, remembering what kind of daemon it belongs to.
 *
 * Layout: `lock` and `format`, `settings.json` (what later starts remember), `node.json` (who a
 * manager's own node is), `peers.json` (where other managers are), `applied.json` (how far its log was
 * applied), `log/` and `keys/` (managers), `agent/` (nodes with an agent). Readable by the owner only.
 */
import { WarrenError } from "../lib/mod.ts";
import { openDataDir } from "../manager/mod.ts";
import type { SavedSettings } from "./settings.ts";

/** Who this node is, what it proves itself with, and which member of the managers' group it is. */
export interface NodeIdentity {
  readonly nodeId: string;
  readonly credential: string;
  readonly clusterId: string;
  /** Made anew whenever the log begins anew: a member that forgot its votes is another one. */
  readonly memberId: string;
  /** Whether the group began with this member alone. */
  readonly isFounder: boolean;
  /** Whether the log was opened before: then it must be there. */
  readonly hasLog: boolean;
}

/** Where another member listens. */
export interface KnownPeer {
  readonly id: string;
  readonly address: string;
}

/** A locked data directory; `using` unlocks it. */
export class DataDir implements Disposable {
  readonly path: string;
  readonly #held: Disposable;

  private constructor(path: string, held: Disposable) {
    this.path = path;
    this.#held = held;
  }

  /**
   * Makes the directory when it is missing, locks it and checks its format.
   *
   * @throws WarrenError DATA_DIR_IN_USE, DATA_DIR_UNUSABLE
   */
  static async open(path: string): Promise<DataDir> {
    return new DataDir(path, await openDataDir(path));
  }

  /** What earlier starts left, or null for a fresh directory. @throws WarrenError DATA_CORRUPT */
  async settings(): Promise<SavedSettings | null> {
    const saved: unknown = await this.readObject("settings.json");
    return saved as SavedSettings | null;
  }

  /** Remembers `settings` for later starts. */
  saveSettings(settings: SavedSettings): Promise<void> {
    return this.writeObject("settings.json", { ...settings });
  }

  /** This node's identity, or null before the first start is through. */
  async identity(): Promise<NodeIdentity | null> {
    const saved = await this.readObject("node.json");
    if (saved === null) return null;
    const { nodeId, credential, clusterId, memberId, isFounder, hasLog } = saved;
    if (typeof memberId !== "string") {
      const message = `Cannot use "${this.path}": a version before consensus wrote it`;
      const hint = "begin with an empty data directory";
      throw new WarrenError("DATA_DIR_UNUSABLE", message, { hint });
    }
    return {
      nodeId: String(nodeId),
      credential: String(credential),
      clusterId: String(clusterId),
      memberId,
      isFounder: isFounder === true,
      hasLog: hasLog === true,
    };
  }

  /** Where the other members were when it was last known. */
  async peers(): Promise<readonly KnownPeer[]> {
    const saved = await this.readObject("peers.json");
    return Object.entries(saved ?? {}).map(([id, address]) => ({ id, address: String(address) }));
  }

  /** Remembers where the other members are. */
  savePeers(peers: readonly KnownPeer[]): Promise<void> {
    const entries = peers.map(({ id, address }) => [id, address] as const);
    return this.writeObject("peers.json", Object.fromEntries(entries));
  }

  /** Keeps the identity. */
  async saveIdentity(identity: NodeIdentity): Promise<NodeIdentity> {
    await this.writeObject("node.json", { ...identity });
    return identity;
  }

  /** The object in a JSON file; null when there is no such file. @throws WarrenError DATA_CORRUPT */
  async readObject(name: string): Promise<Record<string, unknown> | null> {
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

  /** Puts an object in the place of a JSON file; durable when this settles. */
  async writeObject(name: string, value: Record<string, unknown>): Promise<void> {
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

  [Symbol.dispose](): void {
    this.#held[Symbol.dispose]();
  }
}

function parseObject(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  throw new Error("it does not hold an object");
}
