/**
 * Who listens on a port of this machine, for error messages: `process nginx (pid 812)`.
 *
 * Best effort on Linux: other users' processes are seen by root only, and "" means "not found".
 */

/** The holder of `port`, or "". Reads /proc; costs one pass over all processes. */
export async function findPortHolder(port: number, protocol: "tcp" | "udp"): Promise<string> {
  const inodes = new Set<string>();
  for (const table of [protocol, `${protocol}6`]) {
    for (const inode of listeningInodes(await readOr(`/proc/net/${table}`), port)) {
      inodes.add(inode);
    }
  }
  if (inodes.size === 0) return "";
  for await (const entry of listDir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    if (await ownsSocket(entry, inodes)) {
      const name = (await readOr(`/proc/${entry}/comm`)).trim();
      return `process ${name || "?"} (pid ${entry})`;
    }
  }
  return "";
}

/** Socket inodes of the lines of /proc/net/tcp or udp that are bound to `port`. Pure. */
export function listeningInodes(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  const inodes: string[] = [];
  for (const line of table.split("\n").slice(1)) {
    const fields = line.trim().split(/\s+/);
    const isListening = fields[3] === "0A" || fields[3] === "07";
    if (isListening && fields[1]?.endsWith(`:${wanted}`) && fields[9]) inodes.push(fields[9]);
  }
  return inodes;
}

async function ownsSocket(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  for await (const fd of listDir(`/proc/${pid}/fd`)) {
    const target = await Deno.readLink(`/proc/${pid}/fd/${fd}`).catch(() => "");
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode && inodes.has(inode)) return true;
  }
  return false;
}

async function* listDir(path: string): AsyncGenerator<string> {
  try {
    for await (const entry of Deno.readDir(path)) yield entry.name;
  } catch {
    return; // gone or not ours to read: then it is not the holder that we can name
  }
}

function readOr(path: string): Promise<string> {
  return Deno.readTextFile(path).catch(() => "");
}
