import { MemoryDisk } from "../raft/testing/memory_disk.ts";
// deno-lint-ignore require-await
export async function startDiskWorker(_: unknown) {
  const disk = new MemoryDisk();
  return { disk, start: disk.start() };
}
