/**
 * Writes a tar archive (ustar) of a few regular files, the same bytes for the same files on every machine.
 *
 * Used by the build for the runtime and the program. It does not read archives, follow links or keep
 * owners and times: those would make two builds of one commit differ.
 */

const BLOCK_BYTES = 512;

/** One file of an archive. */
export interface TarFile {
  /** Relative path with `/`; at most 100 bytes, ASCII. */
  readonly path: string;
  readonly data: Uint8Array;
  readonly isExecutable: boolean;
}

/** The archive as bytes: files sorted by path, owner 0, time 0, with the two closing blocks. */
export function tarOf(files: readonly TarFile[]): Uint8Array<ArrayBuffer> {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const padded = sorted.map((file) => roundUp(file.data.length));
  const total = padded.reduce((sum, bytes) => sum + BLOCK_BYTES + bytes, 2 * BLOCK_BYTES);
  const archive = new Uint8Array(total);
  let at = 0;
  sorted.forEach((file, index) => {
    archive.set(headerOf(file), at);
    archive.set(file.data, at + BLOCK_BYTES);
    at += BLOCK_BYTES + (padded[index] ?? 0);
  });
  return archive;
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
}

function headerOf(file: TarFile): Uint8Array {
  if (!/^[\x21-\x7e]{1,100}$/.test(file.path)) {
    throw new Error(`Cannot archive "${file.path}": the path must be 1 to 100 ASCII characters`);
  }
  const header = new Uint8Array(BLOCK_BYTES);
  const put = (at: number, text: string) => header.set(new TextEncoder().encode(text), at);
  const octal = (value: number, width: number) => value.toString(8).padStart(width - 1, "0") + "\0";
  put(0, file.path);
  put(100, octal(file.isExecutable ? 0o755 : 0o644, 8));
  put(108, octal(0, 8));
  put(116, octal(0, 8));
  put(124, octal(file.data.length, 12));
  put(136, octal(0, 12));
  put(148, " ".repeat(8));
  put(156, "0");
  put(257, "ustar\0" + "00");
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(148, sum.toString(8).padStart(6, "0") + "\0 ");
  return header;
}
