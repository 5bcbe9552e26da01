/**
 * {@link LogFs} over the operating system's files.
 *
 * Writes and syncs are asynchronous: a stalled disk then stalls the log and not the whole process.
 * Files are opened synchronously, so that no descriptor of the log can appear while the runtime is
 * closing another one (docs/dependencies.md, "Unix sockets are closed twice").
 */
import type { LogFile, LogFs } from "./log_fs.ts";

/** The machine's own disk. Files are readable by their owner alone. */
export const denoFs: LogFs = {
  async makeDir(path) {
    await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  },
  async list(path) {
    const names: string[] = [];
    for await (const entry of Deno.readDir(path)) names.push(entry.name);
    return names.sort();
  },
  read: (path) => Deno.readFile(path),
  create(path) {
    const options = { write: true, create: true, truncate: true, mode: 0o600 };
    return attempt(() => new DenoLogFile(Deno.openSync(path, options)));
  },
  open(path) {
    return attempt(() => {
      const file = Deno.openSync(path, { write: true });
      file.seekSync(0, Deno.SeekMode.End);
      return new DenoLogFile(file);
    });
  },
  rename: (from, to) => Deno.rename(from, to),
  remove: (path) => Deno.remove(path),
  async syncDir(path) {
    using dir = Deno.openSync(path);
    await dir.sync();
  },
};

/** A synchronous call as a promise: what it throws becomes a rejection. */
function attempt<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => resolve(work()));
}

class DenoLogFile implements LogFile {
  readonly #file: Deno.FsFile;

  constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#file.write(bytes.subarray(at));
  }

  async sync(): Promise<void> {
    await this.#file.syncData();
  }

  async truncate(sizeBytes: number): Promise<void> {
    await this.#file.truncate(sizeBytes);
    await this.#file.seek(sizeBytes, Deno.SeekMode.Start);
  }

  close(): void {
    this.#file.close();
  }
}
