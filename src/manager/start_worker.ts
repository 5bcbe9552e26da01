/**
 * Starts a thread of the program: consensus and its disk have one each.
 *
 * From the sources a worker is its own file; in the bundle it is the program's entry, which looks at
 * the name of the thread. A worker says `awake` when it listens: what was sent before could be lost.
 */

const FILES = {
  raft_worker: "./raft/raft_worker.ts",
  disk_worker: "./disk/disk_worker.ts",
} as const;

/** Threads by name. */
export type WorkerName = keyof typeof FILES;

/** Starts the worker `name`; its messages come through `onmessage` of what is returned. */
export function startWorker(name: WorkerName): Worker {
  const isBundle = !import.meta.url.endsWith(".ts");
  const url = new URL(isBundle ? "./main.js" : FILES[name], import.meta.url);
  return new Worker(url, { type: "module", name });
}

/** What the program's entry calls on a thread of the name `name`. */
export async function runWorker(name: string): Promise<void> {
  if (name === "raft_worker") await import("./raft/raft_worker.ts");
  if (name === "disk_worker") await import("./disk/disk_worker.ts");
}
