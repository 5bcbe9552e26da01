/**
 * The few file operations that durability is built from, so that tests can put a faulty disk
 * underneath. `deno_fs.ts` is the real one, `memory_fs.ts` the one that crashes where it is told.
 *
 * Paths are absolute. A file that was made or renamed has its name for good only after `syncDir`.
 */

/** A file open for appending. */
export interface LogFile {
  /** Appends all of `bytes`. They are durable only after `sync`. */
  append(bytes: Uint8Array): Promise<void>;
  /** Makes everything appended so far durable. */
  sync(): Promise<void>;
  /** Cuts the file to `sizeBytes`; the next append goes there. */
  truncate(sizeBytes: number): Promise<void>;
  close(): void;
}

/** File operations of one disk. Each may throw; after a failed `append` or `sync` trust nothing. */
export interface LogFs {
  /** Makes a directory and those above it. */
  makeDir(path: string): Promise<void>;
  /** Names in a directory, sorted. */
  list(path: string): Promise<readonly string[]>;
  /** The whole content of a file. */
  read(path: string): Promise<Uint8Array>;
  /** Makes an empty file, in the place of any of that name. */
  create(path: string): Promise<LogFile>;
  /** Opens a file that exists; appends go to its end. */
  open(path: string): Promise<LogFile>;
  /** Renames a file within one directory, over any of that name. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes creations, renames and removals in a directory durable. */
  syncDir(path: string): Promise<void>;
}
