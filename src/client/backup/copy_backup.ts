/**
 * Copies a backup from a call into a file's bytes, and checks on the way that it arrived whole.
 *
 * The caller owns the file: nothing of it may count before this has settled.
 */
import { createHash } from "node:crypto";
import { WarrenError } from "../../lib/mod.ts";
import type { BackupResponse } from "../../rpc/gen/warren/v1/cluster.ts";
import { BackupEncoder, type BackupHeader, type BackupSummary, toHex } from "./format.ts";

/** Where a copy goes. */
export interface CopyOptions {
  /** Takes the next bytes of the file. */
  readonly write: (bytes: Uint8Array<ArrayBuffer>) => Promise<void> | void;
  /** Told how large the file is so far. */
  readonly onProgress?: (sizeBytes: number) => void;
}

/** Copies all of `parts`. @throws WarrenError DATA_CORRUPT when they are cut or damaged */
export async function copyBackup(
  parts: AsyncIterable<BackupResponse>,
  options: CopyOptions,
): Promise<BackupSummary> {
  const encoder = new BackupEncoder();
  const state = createHash("sha256");
  const whole = createHash("sha256");
  let header: BackupHeader | null = null;
  let stateBytes = 0;
  let sizeBytes = 0;
  let isEnded = false;
  const put = async (bytes: Uint8Array<ArrayBuffer>) => {
    whole.update(bytes);
    sizeBytes += bytes.length;
    await options.write(bytes);
    options.onProgress?.(sizeBytes);
  };
  for await (const { part } of parts) {
    if (part === undefined) throw broken("a part of it was sent by a newer version");
    if (isEnded) throw broken("something follows its end");
    if ((header === null) !== (part.$case === "header")) throw broken("its parts are out of order");
    if (part.$case === "header") {
      header = part.value;
      await put(encoder.header(header));
    } else if (part.$case === "piece") {
      state.update(part.value);
      stateBytes += part.value.length;
      await put(encoder.piece(part.value));
    } else {
      const sha256 = toHex(part.value.sha256);
      const isWhole = part.value.sizeBytes === stateBytes && sha256 === state.digest("hex");
      if (!isWhole) throw broken("it is not what the manager sent");
      await put(encoder.end({ sizeBytes: stateBytes, sha256 }));
      isEnded = true;
    }
  }
  if (header === null || !isEnded) throw broken("its end did not arrive");
  return { header, sizeBytes, digest: whole.digest("hex") };
}

function broken(why: string): WarrenError {
  return new WarrenError("DATA_CORRUPT", `Cannot back up: ${why}`, { hint: "try again" });
}
