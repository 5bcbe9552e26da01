/**
 * Claims the path of a Unix socket: the file of a dead process is replaced, that of a live one
 * refused.
 *
 * Called by the server before it binds and after it stops. It does not lock: two daemons of one
 * data directory are kept apart by the directory's own lock.
 */
import { dirname } from "node:path";
import { realClock, sleep, WarrenError } from "../lib/mod.ts";

/** Owner and group may connect. */
const SOCKET_MODE = 0o660;
/** Bytes of a socket's path that the kernel takes, less the zero at its end. */
const MAX_PATH_BYTES = Deno.build.os === "linux" ? 107 : 103;
/** How often, and how many milliseconds apart, a socket must answer to count as somebody's. */
const CLAIM_TRIES = 10;
const CLAIM_PAUSE_MS = 50;

/**
 * Makes `path` free to bind.
 *
 * @throws WarrenError DATA_DIR_IN_USE when a process answers there, DATA_DIR_UNUSABLE when the path is
 *   too long, something that is not a socket is in the way, or the folder cannot be used.
 */
export async function claimSocket(path: string): Promise<void> {
  refuseLong(path);
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    const found = await statOf(path);
    if (!found) return;
    if (!found.isSocket) {
      throw new WarrenError("DATA_DIR_UNUSABLE", `cannot listen on "${path}": it is not a socket`, {
        hint: "remove it, or choose another --socket",
      });
    }
    if (await staysAnswered(path)) {
      throw new WarrenError(
        "DATA_DIR_IN_USE",
        `cannot listen on "${path}": another warren process answers there`,
        { hint: "stop the other warren process, or choose another --socket" },
      );
    }
    await Deno.remove(path);
  } catch (error) {
    if (error instanceof WarrenError) throw error;
    throw unusable(path, error);
  }
}

function refuseLong(path: string): void {
  const { length } = new TextEncoder().encode(path);
  if (length <= MAX_PATH_BYTES) return;
  const why = `its path has ${length} bytes, and a socket's at most ${MAX_PATH_BYTES}`;
  throw new WarrenError("DATA_DIR_UNUSABLE", `cannot listen on "${path}": ${why}`, {
    hint: "choose a shorter --socket",
  });
}

/** Lets owner and group connect to the bound socket. */
export async function openSocketToGroup(path: string): Promise<void> {
  await Deno.chmod(path, SOCKET_MODE);
}

/** Removes the file of a socket that is no longer listened on; a missing one is fine. */
export async function releaseSocket(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw unusable(path, error);
  }
}

async function statOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * Whether somebody goes on answering. A daemon that was just killed may seem to for a moment: a child
 * that it was about to start holds its sockets until it became the other program.
 */
async function staysAnswered(path: string): Promise<boolean> {
  for (let tries = 0; tries < CLAIM_TRIES; tries++) {
    if (!await answers(path)) return false;
    await sleep(realClock, CLAIM_PAUSE_MS);
  }
  return true;
}

async function answers(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function unusable(path: string, error: unknown): WarrenError {
  const why = error instanceof Error ? error.message : String(error);
  return new WarrenError("DATA_DIR_UNUSABLE", `cannot use the socket "${path}": ${why}`, {
    hint: "choose another --socket, or run as a user who may write there",
    cause: error,
  });
}
