/**
 * Where the managers are, remembered on the node: an agent that starts after all addresses it was
 * given are gone still finds its cluster.
 *
 * Read once at the start, written when managers say something new. It is advice only: a file that
 * cannot be read counts as none.
 */
import { type Log, WarrenError } from "../../lib/mod.ts";
import { readIfThere, writeAtomically } from "../files/atomic_file.ts";

/** Keeps addresses between runs. */
export interface ManagerMemory {
  load(): Promise<readonly string[]>;
  save(addresses: readonly string[]): Promise<void>;
}

/** The addresses as a file in `folder`, which must exist. */
export function fileManagers(folder: string, log: Log): ManagerMemory {
  const path = `${folder}/managers.json`;
  let writing: Promise<void> = Promise.resolve();
  return {
    async load() {
      try {
        return parseAddresses(await readIfThere(path) ?? "[]");
      } catch (thrown) {
        const { message } = WarrenError.from(thrown, `Cannot read "${path}"`);
        log.warn("the addresses of managers are not remembered", { error: message });
        return [];
      }
    },
    save(addresses) {
      const write = () => writeAtomically(path, `${JSON.stringify(addresses)}\n`);
      writing = writing.then(write, write); // one after the other, whatever became of the former
      return writing;
    },
  };
}

/** Addresses that nobody remembers, for tests. */
export function memoryManagers(known: readonly string[] = []): ManagerMemory {
  let kept = known;
  return {
    load: () => Promise.resolve(kept),
    save: (addresses) => {
      kept = addresses;
      return Promise.resolve();
    },
  };
}

function parseAddresses(text: string): string[] {
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value)) throw new Error("it does not hold a list");
  return value.filter((address) => typeof address === "string");
}
