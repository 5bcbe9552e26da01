/**
 * What the disk's thread is asked and what it answers. Plain data: it is copied between threads.
 *
 * Calls are numbered by the asker, carried out in their order, and answered once each.
 */
import type { ErrorInfo } from "../../lib/mod.ts";
import type { Persist, SnapshotMeta } from "../../raft/mod.ts";
import type { DiskStart, SnapshotFile } from "./disk.ts";

/** Which directory the thread is to open, and whose. */
export interface DiskWorkerOptions {
  readonly dir: string;
  readonly memberId: string;
  /** Empty while it is not known. */
  readonly clusterId: string;
  /** It was opened before: a log that is not there now was lost. */
  readonly mustExist?: boolean;
}

/** A snapshot that was begun: later calls name it. */
export interface DraftInfo {
  readonly draft: number;
  readonly offset: number;
}

/** What the directory held. Entries go as bytes: copying many small objects takes ten times as long. */
export interface OpenAnswer {
  /** Without entries. */
  readonly start: DiskStart;
  readonly entries: Uint8Array<ArrayBuffer>;
}

/** One call. */
export type DiskCall =
  | { readonly kind: "open"; readonly options: DiskWorkerOptions }
  | { readonly kind: "write"; readonly batches: readonly Persist[] }
  | { readonly kind: "clearDoubt" }
  | { readonly kind: "begin"; readonly meta: SnapshotMeta }
  | {
    readonly kind: "receive";
    readonly meta: SnapshotMeta;
    readonly digest: string;
    readonly sizeBytes: number;
  }
  | { readonly kind: "draftWrite"; readonly draft: number; readonly chunk: Uint8Array }
  | { readonly kind: "draftFinish"; readonly draft: number; readonly digest: string | undefined }
  | { readonly kind: "draftAbort"; readonly draft: number }
  | { readonly kind: "find"; readonly index: number }
  | {
    readonly kind: "read";
    readonly index: number;
    readonly offset: number;
    readonly maxBytes: number;
  }
  | { readonly kind: "compact"; readonly index: number; readonly keepFrom: number }
  | { readonly kind: "close" };

/** What each call is answered with. */
export interface DiskAnswers {
  readonly open: OpenAnswer;
  readonly write: void;
  readonly clearDoubt: void;
  readonly begin: DraftInfo;
  readonly receive: DraftInfo;
  readonly draftWrite: void;
  readonly draftFinish: void;
  readonly draftAbort: void;
  readonly find: SnapshotFile | null;
  readonly read: Uint8Array<ArrayBuffer> | null;
  readonly compact: void;
  readonly close: void;
}

/** To the disk's thread. */
export interface ToDisk {
  readonly id: number;
  readonly call: DiskCall;
}

/** From the disk's thread. */
export type FromDisk =
  /** It listens: now it can be asked. */
  | { readonly kind: "awake" }
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | { readonly kind: "fault"; readonly id: number; readonly error: ErrorInfo }
  | { readonly kind: "space"; readonly isLow: boolean };
