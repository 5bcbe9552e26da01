/**
 * Backup: the whole state and the key of its secrets, as of one moment, to whoever asks.
 *
 * Served by any manager once its state is fresh. It keeps no file: what is written where is the
 * caller's matter. Invariant: the sum at the end covers exactly the pieces that were sent.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { sleep, VERSION, WarrenError } from "../../lib/mod.ts";
import type { BackupResponse } from "../../rpc/gen/warren/v1/cluster.ts";
import type { StreamCall } from "../../rpc/mod.ts";
import { encodeState } from "../../store/mod.ts";
import type { ApiContext } from "../context.ts";

/** Backups that may be under way at a time: each holds a whole state. */
const MAX_BACKUPS = 2;
/** Bytes of one message; a single large row is sent in several. */
const PIECE_BYTES = 512 * 1024;

/** What a backup needs of the context. */
export type BackupContext = Pick<ApiContext, "view" | "consensus" | "capture" | "clock">;

/** The backups under way. */
export class Backups {
  readonly #context: BackupContext;
  #running = 0;

  constructor(context: BackupContext) {
    this.#context = context;
  }

  /** Sends one. @throws WarrenError TOO_MANY, NOT_INITIALISED */
  async send(call: Pick<StreamCall<BackupResponse>, "write" | "signal">): Promise<void> {
    if (this.#running >= MAX_BACKUPS) {
      throw new WarrenError("TOO_MANY", `Cannot back up: ${MAX_BACKUPS} backups are under way`);
    }
    this.#running += 1;
    try {
      await this.#send(call);
    } finally {
      this.#running -= 1;
    }
  }

  async #send({ write, signal }: Pick<StreamCall<BackupResponse>, "write" | "signal">) {
    const { view, consensus, clock, capture } = this.#context;
    const cluster = view.cluster();
    if (!cluster) throw new WarrenError("NOT_INITIALISED", "There is no cluster here yet");
    const state = capture();
    const header = {
      clusterId: cluster.id,
      index: state.index,
      createdMs: clock.wallNow(),
      version: VERSION,
      dataKey: Buffer.from(consensus.dataKey()),
    };
    await write({ part: { $case: "header", value: header } });
    const sum = createHash("sha256");
    let sizeBytes = 0;
    for (const bytes of encodeState(state)) {
      sum.update(bytes);
      sizeBytes += bytes.length;
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
        const value = Buffer.from(bytes.subarray(at, at + PIECE_BYTES));
        await write({ part: { $case: "piece", value } });
      }
      // A fast reader takes every slice at once, and the manager has other work to do in between.
      await sleep(clock, 0, signal);
    }
    await write({ part: { $case: "end", value: { sizeBytes, sha256: sum.digest() } } });
  }
}
