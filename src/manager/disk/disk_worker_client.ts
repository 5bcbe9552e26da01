/**
 * Starts the disk's Worker and opens a member's directory in it.
 *
 * Called by the Raft Worker: a Worker may start another. The thread ends with the disk's `close`.
 */
import { WarrenError } from "../../lib/mod.ts";
import type { Entry } from "../../raft/mod.ts";
import { ByteReader, readEntry } from "../codec/entry.ts";
import { startWorker } from "../start_worker.ts";
import type { Disk, DiskStart } from "./disk.ts";
import type { DiskWorkerOptions, FromDisk, OpenAnswer } from "./protocol.ts";
import { RemoteDisk } from "./remote_disk.ts";

/**
 * A disk on a thread of its own.
 *
 * @throws WarrenError DATA_CORRUPT naming file and offset, DISK_FULL, DATA_DIR_UNUSABLE
 */
export async function startDiskWorker(
  options: DiskWorkerOptions,
): Promise<{ readonly disk: Disk; readonly start: DiskStart }> {
  const worker = startWorker("disk_worker");
  const awake = Promise.withResolvers<void>();
  const disk = new RemoteDisk({
    send: (message, transfer) => worker.postMessage(message, [...transfer]),
    end: () => worker.terminate(),
  });
  worker.onmessage = ({ data }: MessageEvent<FromDisk>) => {
    if (data.kind === "awake") awake.resolve();
    else disk.hear(data);
  };
  const fail = (why: string) => {
    const error = new WarrenError("INTERNAL_FAULT", `The thread of the disk has failed: ${why}`);
    awake.reject(error);
    disk.fail(error);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    fail(event.message);
  };
  worker.onmessageerror = () => fail("an answer was lost");
  try {
    await awake.promise;
    const answer = await disk.call({ kind: "open", options });
    return { disk, start: unpack(answer) };
  } catch (error) {
    await disk.close().catch(() => {/* the first error is the one that counts */});
    throw error;
  }
}

function unpack({ start, entries: packed }: OpenAnswer): DiskStart {
  const reader = new ByteReader(packed, "what the disk has found");
  const entries: Entry[] = [];
  while (reader.remaining > 0) entries.push(readEntry(reader));
  return { ...start, restored: { ...start.restored, entries } };
}
