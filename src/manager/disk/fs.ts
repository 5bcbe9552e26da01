/**
 * The few file operations that durability is built from, all synchronous: the disk has a thread of
 * its own. `deno_fs.ts` is the real one, `testing/memory_fs.ts` the one that crashes where it is told.
 *
 * Paths are absolute. Bytes are durable after `sync` of their file, names after `syncDir` of their
 * directory. After a failed `sync` nothing may be assumed of what it should have made durable.
 */

/** A file that is open for reading and writing at any place. */
export interface FsFile {
  readonly path: string;
  sizeBytes(): number;
  /** The bytes from `offset` on; fewer than `length` only at the end of the file. */
  readAt(offset: number, length: number): Uint8Array<ArrayBuffer>;
  /** Writes all of `bytes`, extending the file when needed; they stay as they are until `sync`. */
  writeAt(offset: number, bytes: Uint8Array): void;
  /** Makes everything written so far durable, its size included. */
  sync(): void;
  truncate(sizeBytes: number): void;
  /** Gives it another name in the same directory, over any file of that name. */
  rename(path: string): void;
  close(): void;
}

/** File operations of one disk. */
export interface Fs {
  /** Makes a directory and those above it. */
  makeDir(path: string): void;
  /** Names of the files in a directory, sorted. */
  list(path: string): readonly string[];
  /** Makes an empty file, in the place of any of that name. */
  create(path: string): FsFile;
  /** Opens a file that exists. */
  open(path: string): FsFile;
  remove(path: string): void;
  /** Makes creations, renames and removals in a directory durable. */
  syncDir(path: string): void;
}

/** What reading needs. */
export type ReadFs = Pick<Fs, "list" | "open">;

const NO_SPACE = ["ENOSPC", "EDQUOT"];

/** Whether an operation failed only because the disk, or this user's share of it, is full. */
export function isNoSpace(error: unknown): boolean {
  return error instanceof Error && "code" in error && NO_SPACE.includes(String(error.code));
}

/** The whole content of a file that need not be open. */
export function readFile(fs: ReadFs, path: string): Uint8Array<ArrayBuffer> {
  const file = fs.open(path);
  try {
    return file.readAt(0, file.sizeBytes());
  } finally {
    file.close();
  }
}

/** Puts `bytes` under the name `dir/name`, durable, such that a crash leaves the old or the new. */
export function replaceFile(
  fs: Fs,
  { dir, name }: { readonly dir: string; readonly name: string },
  bytes: Uint8Array,
): void {
  const file = fs.create(`${dir}/${name}.tmp`);
  try {
    file.writeAt(0, bytes);
    file.sync();
    file.rename(`${dir}/${name}`);
  } finally {
    file.close();
  }
  fs.syncDir(dir);
}
