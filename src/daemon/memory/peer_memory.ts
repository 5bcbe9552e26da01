/**
 * Where the other managers are: from the replicated state and from what they say of themselves,
 * remembered in the data directory so that a restart finds them before it has a leader.
 *
 * A failure to remember is logged and costs nothing while another manager dials this one.
 */
import { type Log, TaskGroup } from "../../lib/mod.ts";
import type { Store } from "../../store/mod.ts";
import type { DataDir, KnownPeer } from "../data_dir.ts";

/** Addresses remembered at most. */
const MAX_PEERS = 64;

/** What a memory works with. */
export interface PeerMemoryParts {
  readonly dataDir: DataDir;
  readonly store: Store;
  readonly log: Log;
}

/** Addresses of managers by member. */
export class PeerMemory {
  readonly #parts: PeerMemoryParts;
  readonly #addresses = new Map<string, string>();
  readonly #group: TaskGroup;
  #isSaving = false;
  #isStale = false;

  private constructor(parts: PeerMemoryParts) {
    this.#parts = parts;
    this.#group = new TaskGroup((_, error) => {
      parts.log.warn("cannot remember where the other managers are", { error: String(error) });
    });
  }

  /** Reads what is remembered. @throws WarrenError DATA_CORRUPT */
  static async open(parts: PeerMemoryParts): Promise<PeerMemory> {
    const memory = new PeerMemory(parts);
    for (const { id, address } of await parts.dataDir.peers()) memory.#addresses.set(id, address);
    return memory;
  }

  /** Everyone who is known. */
  get known(): readonly KnownPeer[] {
    return [...this.#addresses].map(([id, address]) => ({ id, address }));
  }

  /** A manager says where it is. */
  learn({ id, address }: KnownPeer): void {
    if (address === "" || this.#addresses.get(id) === address) return;
    this.#addresses.set(id, address);
    const [oldest] = this.#addresses.keys();
    if (this.#addresses.size > MAX_PEERS && oldest !== undefined) this.#addresses.delete(oldest);
    this.#save();
  }

  /** Follows the nodes of the replicated state and tells `onChange`; the returned function ends that. */
  follow(onChange: (known: readonly KnownPeer[]) => void): () => Promise<void> {
    const { store } = this.#parts;
    const look = () => {
      let hasNews = false;
      for (const { memberId, raftAddress } of store.view.nodes()) {
        if (memberId === "" || this.#addresses.get(memberId) === raftAddress) continue;
        hasNews = true;
        this.learn({ id: memberId, address: raftAddress });
      }
      if (hasNews) onChange(this.known);
    };
    const stop = store.feed.subscribe(({ changes, isRestore }) => {
      if (isRestore || changes.some(({ table }) => table === "nodes")) look();
    });
    look();
    return async () => {
      stop();
      await this.#group.stop();
    };
  }

  /** Writes one at a time; what changes meanwhile is written after it. */
  #save(): void {
    this.#isStale = true;
    if (this.#isSaving) return;
    this.#isSaving = true;
    this.#group.run("remember managers", async () => {
      try {
        while (this.#isStale) {
          this.#isStale = false;
          await this.#parts.dataDir.savePeers(this.known);
        }
      } finally {
        this.#isSaving = false;
      }
    });
  }
}
