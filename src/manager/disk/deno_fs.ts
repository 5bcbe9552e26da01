/**
 * {@link Fs} on the real disk, safe against descriptors that are closed or replaced from outside.
 *
 * The runtime closes Unix sockets twice (docs/dependencies.md): the second call may hit a file that
 * this thread has just opened, and the number may then stand for another file or a socket. So every
 * file remembers which inode it is, and asks before each operation and after each read and sync
 * whether the descriptor still is that inode (2 us). When it is not, the file is opened anew; what
 * was written since the last sync is then read back and compared, never assumed. A descriptor that
 * was taken over is let go of without closing it, because it belongs to somebody else by now.
 */
import type { Fs, FsFile, ReadFs } from "./fs.ts";

const ATTEMPTS = 3;

interface Written {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

class GuardedFile implements FsFile {
  #path: string;
  #file: Deno.FsFile;
  readonly #dev: number;
  readonly #ino: number | null;
  /** What is not synced yet, to compare with. */
  #unsynced: Written[] = [];
  #wasReplaced = false;
  #isClosed = false;

  constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
    this.#file = file;
    const { dev, ino } = file.statSync();
    this.#dev = dev;
    this.#ino = ino;
  }

  get path(): string {
    return this.#path;
  }

  sizeBytes(): number {
    return this.#withOwn(() => this.#file.statSync().size);
  }

  readAt(offset: number, length: number): Uint8Array<ArrayBuffer> {
    return this.#withOwn(() => readAt(this.#file, offset, length));
  }

  writeAt(offset: number, bytes: Uint8Array): void {
    this.#ensureOwn();
    writeAt(this.#file, offset, bytes);
    this.#unsynced.push({ offset, bytes });
  }

  sync(): void {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      this.#ensureOwn();
      // Writes may have gone elsewhere when the descriptor was replaced after `writeAt` had asked.
      if (this.#wasReplaced) this.#compareWrites();
      const error = failureOf(() => this.#file.syncDataSync());
      if (!this.#isOwn()) continue;
      if (error !== undefined) throw error;
      this.#unsynced = [];
      this.#wasReplaced = false;
      return;
    }
    throw this.#lost();
  }

  truncate(sizeBytes: number): void {
    this.#ensureOwn();
    this.#file.truncateSync(sizeBytes);
    if (!this.#isOwn() || this.sizeBytes() !== sizeBytes) throw this.#lost();
    this.#unsynced = [];
  }

  rename(path: string): void {
    Deno.renameSync(this.#path, path);
    this.#path = path;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#isOwn()) this.#file.close();
  }

  #compareWrites(): void {
    for (const { offset, bytes } of this.#unsynced) {
      const found = readAt(this.#file, offset, bytes.length);
      if (found.length !== bytes.length || !found.every((byte, at) => byte === bytes[at])) {
        throw this.#lost();
      }
    }
  }

  #withOwn<T>(read: () => T): T {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      this.#ensureOwn();
      const value = read();
      if (this.#isOwn()) return value;
    }
    throw this.#lost();
  }

  #ensureOwn(): void {
    if (!this.#isOwn()) this.#reopen();
  }

  #isOwn(): boolean {
    return isInode(this.#file, { dev: this.#dev, ino: this.#ino });
  }

  #reopen(): void {
    this.#wasReplaced = true;
    this.#file = Deno.openSync(this.#path, { read: true, write: true });
    if (!this.#isOwn()) throw this.#lost();
  }

  #lost(): Error {
    return new Error(`the file "${this.#path}" was closed or replaced under this process`);
  }
}

function readAt(file: Deno.FsFile, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  file.seekSync(offset, Deno.SeekMode.Start);
  let at = 0;
  while (at < length) {
    const count = file.readSync(bytes.subarray(at));
    if (count === null || count === 0) break;
    at += count;
  }
  return at === length ? bytes : bytes.slice(0, at);
}

function writeAt(file: Deno.FsFile, offset: number, bytes: Uint8Array): void {
  file.seekSync(offset, Deno.SeekMode.Start);
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}

function open(path: string, options: Deno.OpenOptions): FsFile {
  return new GuardedFile(path, Deno.openSync(path, { read: true, write: true, ...options }));
}

/** A directory is opened for one call; a sync that hit another file is done again. */
function syncDir(path: string): void {
  const { dev, ino } = Deno.statSync(path);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const dir = Deno.openSync(path);
    const error = failureOf(() => dir.syncSync());
    if (isInode(dir, { dev, ino })) {
      dir.close();
      if (error !== undefined) throw error;
      return;
    }
  }
  throw new Error(`the directory "${path}" was closed under this process`);
}

function failureOf(work: () => void): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

function isInode(
  file: Deno.FsFile,
  { dev, ino }: { readonly dev: number; readonly ino: number | null },
): boolean {
  try {
    const found = file.statSync();
    return found.dev === dev && found.ino === ino;
  } catch {
    // Closed by somebody else: not the inode that was opened.
    return false;
  }
}

/** The real disk. Directories are made for their owner only. */
export const denoFs: Fs = {
  makeDir: (path) => Deno.mkdirSync(path, { recursive: true, mode: 0o700 }),
  list: (path) =>
    [...Deno.readDirSync(path)].filter((entry) => entry.isFile).map((e) => e.name).sort(),
  create: (path) => open(path, { create: true, truncate: true, mode: 0o600 }),
  open: (path) => open(path, {}),
  remove: (path) => Deno.removeSync(path),
  syncDir,
};

/** The real disk for those who only look, beside a manager that may be running. */
export const denoReadFs: ReadFs = {
  list: denoFs.list,
  open: (path) => open(path, { write: false }),
};
