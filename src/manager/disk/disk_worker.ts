/**
 * The disk's Worker: the log and the snapshots of a member, on a thread where calls may block.
 *
 * Started by `disk_worker_client.ts`, which sends calls once it hears `awake`.
 */
import { realClock } from "../../lib/mod.ts";
import { denoFs } from "./deno_fs.ts";
import { DiskServer } from "./disk_server.ts";
import type { FromDisk, ToDisk } from "./protocol.ts";

/** The part of a worker's global scope that is used here. */
interface Scope {
  onmessage: ((event: MessageEvent<ToDisk>) => void) | null;
  postMessage(message: FromDisk, transfer: Transferable[]): void;
}

const scope = globalThis as unknown as Scope;
const server = new DiskServer({
  fs: denoFs,
  clock: realClock,
  send: (message, transfer) => scope.postMessage(message, [...transfer]),
});

// `handle` never rejects: whatever fails is its answer.
scope.onmessage = ({ data }) => void server.handle(data);
scope.postMessage({ kind: "awake" }, []);
