/**
 * Everything that clients saw, by register, and whether it could have come from a cluster that does
 * one thing at a time.
 *
 * Written by the load, judged at the end with the checker of the simulator. A register is a config:
 * creating it sets its value if it has none, removing it (by an id that is never used again) empties
 * it. Invariant: no register has more operations than the checker can search.
 */
import { checkHistory, type Operation } from "../../tests/sim/checks/linearizability.ts";

/** Operations on one register beyond which no more are started. */
export const MAX_OPERATIONS = 260;

/** What a register must hold when all is over: the id of its config, "" for none, null if unknown. */
export type Final = string | null;

/** What happened to all registers. */
export class History {
  readonly #operations = new Map<string, Operation[]>();
  readonly #finals = new Map<string, Final>();
  #count = 0;

  /** Operations so far. */
  get count(): number {
    return this.#count;
  }

  get keys(): readonly string[] {
    return [...this.#operations.keys()];
  }

  /** Whether another operation may be started on `key`. */
  hasRoom(key: string): boolean {
    return (this.#operations.get(key)?.length ?? 0) < MAX_OPERATIONS;
  }

  add(key: string, operation: Operation): void {
    const operations = this.#operations.get(key);
    if (operations) operations.push(operation);
    else this.#operations.set(key, [operation]);
    this.#count += 1;
  }

  /** Says what `key` holds after the last answered write of its only writer. */
  settle(key: string, final: Final): void {
    this.#finals.set(key, final);
  }

  /** Registers whose history is impossible, each with why. */
  judge(): string[] {
    const faults: string[] = [];
    for (const [key, operations] of this.#operations) {
      const verdict = checkHistory(operations);
      if (verdict !== "linearizable") faults.push(`${key}: ${verdict}\n${shown(operations)}`);
    }
    return faults;
  }

  /** Registers that hold something else in `ids` (config ids by name) than was acknowledged. */
  compare(ids: ReadonlyMap<string, string>, where: string): string[] {
    const faults: string[] = [];
    for (const [key, final] of this.#finals) {
      if (final === null) continue;
      const found = ids.get(key) ?? "";
      if (found === final) continue;
      const [has, wanted] = [found || "nothing", final || "nothing"];
      faults.push(`${key}: ${where} has ${has}, acknowledged was ${wanted}`);
    }
    return faults;
  }
}

function shown(operations: readonly Operation[]): string {
  return operations.map(({ client, kind, value, expected, call, ret, seen }) => {
    const what = kind === "get" ? "get" : `${kind} ${expected || "-"} -> ${value || "-"}`;
    return `  ${call.toFixed(1)}..${ret.toFixed(1)} client ${client}: ${what} = ${seen || "-"}`;
  }).join("\n");
}
