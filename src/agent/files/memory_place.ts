/**
 * Finds or makes a folder that is kept in memory and never written to a disk.
 *
 * Looked for in order: the run folder if it is memory already; as root, a file system of our own
 * mounted there; `/dev/shm`. What a former run used is found again. It stays mounted when the agent
 * ends, because containers go on using it.
 */
import { WarrenError } from "../../lib/mod.ts";

/** A place in memory for one node. */
export interface MemoryPlace {
  /** The folder, made when needed. @throws WarrenError SECRETS_UNSAFE when there is no memory-backed place */
  getFolder(): Promise<string>;
  /** The folder of this or a former run, if there is one. */
  findFolder(): Promise<string | undefined>;
  /** Gives the place back if it is empty; what is in it is in use by containers. */
  release(): Promise<void>;
}

/** Where to look; the defaults are the system's. */
export interface MemoryPlaceOptions {
  readonly nodeId: string;
  readonly runFolder?: string;
  readonly sharedMemory?: string;
}

/** Kinds of file system that live in memory. */
const MEMORY_KINDS = new Set(["tmpfs", "ramfs"]);
/** Bound of what is mounted: secrets are small. */
const SIZE = "size=256m,mode=0700";

/** A memory place of this machine. */
export function findMemoryPlace(options: MemoryPlaceOptions): MemoryPlace {
  const name = `warren-${options.nodeId}/secrets`;
  const run = `${options.runFolder ?? "/run"}/${name}`;
  const shared = `${options.sharedMemory ?? "/dev/shm"}/${name}`;
  let known: Promise<string> | undefined;
  const getFolder = () => known ??= make(run, shared);
  const findFolder = async () => {
    if (known) return await known.catch(() => undefined);
    for (const folder of [run, shared]) {
      if (await isFolder(folder) && await isMemory(folder)) return folder;
    }
    return undefined;
  };
  return {
    getFolder: () =>
      getFolder().catch((error) => {
        known = undefined;
        throw error;
      }),
    findFolder,
    async release() {
      const folder = await findFolder();
      known = undefined;
      if (folder) await removeIfEmpty(folder);
    },
  };
}

/** Unmounts the folder when it is a mount of ours, then removes it and its parent. */
async function removeIfEmpty(folder: string): Promise<void> {
  for await (const _ of Deno.readDir(folder)) return;
  await runQuietly("umount", [folder]);
  for (const path of [folder, folder.replace(/\/secrets$/, "")]) {
    await Deno.remove(path).catch(() => {}); // in use after all: the next agent finds it again
  }
}

async function make(run: string, shared: string): Promise<string> {
  if (await makeFolder(run)) {
    if (await isMemory(run)) return run;
    if (Deno.uid() === 0 && await mount(run)) return run;
    await removeTree(run);
  }
  if (await makeFolder(shared) && await isMemory(shared)) return shared;
  throw new WarrenError("SECRETS_UNSAFE", "This node has no memory-backed place for secrets", {
    hint: "run Warren as root, or mount a tmpfs at /dev/shm",
  });
}

/** Memory that is never swapped out where the kernel can promise that, else plain tmpfs. */
async function mount(folder: string): Promise<boolean> {
  for (const options of [`${SIZE},noswap`, SIZE]) {
    const args = ["-t", "tmpfs", "-o", `${options},nosuid,nodev,noexec`, "tmpfs", folder];
    const mounted = await runQuietly("mount", args);
    if (mounted && await isMemory(folder)) return true;
  }
  return false;
}

async function runQuietly(program: string, args: string[]): Promise<boolean> {
  try {
    const options = { args, stdin: "null", stdout: "null", stderr: "null" } as const;
    return (await new Deno.Command(program, options).output()).success;
  } catch {
    return false; // no such program: the next place is tried
  }
}

async function makeFolder(folder: string): Promise<boolean> {
  try {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    await Deno.chmod(folder, 0o700);
    return true;
  } catch {
    return false; // not ours to write: the next place is tried
  }
}

async function isFolder(folder: string): Promise<boolean> {
  return await Deno.stat(folder).then((info) => info.isDirectory, () => false);
}

async function isMemory(folder: string): Promise<boolean> {
  const mounts = await Deno.readTextFile("/proc/self/mounts").catch(() => "");
  return MEMORY_KINDS.has(kindOfMount(mounts, await Deno.realPath(folder)));
}

/** The kind of file system that `path` is on, from the text of /proc/self/mounts; "" if unknown. Pure. */
export function kindOfMount(mounts: string, path: string): string {
  let longest = -1;
  let kind = "";
  for (const line of mounts.split("\n")) {
    const [, escaped = "", found = ""] = line.split(" ");
    const point = escaped.replace(
      /\\([0-7]{3})/g,
      (_, octal) => String.fromCharCode(parseInt(octal, 8)),
    );
    const covers = point === "/" || path === point || path.startsWith(`${point}/`);
    // A later line of the same point is mounted over the earlier one.
    if (point === "" || !covers || point.length < longest) continue;
    longest = point.length;
    kind = found;
  }
  return kind;
}

/** Removes a folder with all that is in it; nothing happens when it is not there. */
export async function removeTree(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
