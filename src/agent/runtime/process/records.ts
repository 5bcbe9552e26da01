/**
 * The records of a container on disk: what it is, that it started, how it ended.
 *
 * Written by the runtime (definition) and the supervisor (run, exit), read by both. Each is written
 * whole and renamed into place, so a reader sees all of it or nothing. Only the owner may read them,
 * because the environment of a process may hold what others should not see.
 */
import { type WallMs, WarrenError } from "../../../lib/mod.ts";
import type { ContainerSpec } from "../runtime.ts";

/** What a container was made from. */
export interface Definition {
  readonly id: string;
  readonly spec: ContainerSpec;
  /** Directory that stands in for the container's root. */
  readonly filesDir: string;
  readonly createdMs: WallMs;
}

/** A process that was started. */
export interface RunRecord {
  readonly supervisorPid: number;
  readonly pid: number;
  /** Tells the process from a later one with the same id; "" when it ended at once. */
  readonly startToken: string;
  readonly startedMs: WallMs;
  /** Directories of its control group, none without one. */
  readonly cgroupDirs: readonly string[];
}

/** How a process ended. */
export interface ExitRecord {
  readonly exitCode: number;
  readonly oomKilled: boolean;
  /** Why it could not be started or observed to its end, or "". */
  readonly error: string;
  /** Null when it never started. */
  readonly startedMs: WallMs | null;
  readonly finishedMs: WallMs;
}

/** Writes `record` to `path` in one step. Needs `dirname(path)` to be on one file system. */
export async function writeRecord(
  path: string,
  record: Definition | RunRecord | ExitRecord,
): Promise<void> {
  const slash = path.lastIndexOf("/");
  const draft = `${path.slice(0, slash)}/.draft-${crypto.randomUUID()}`;
  await Deno.writeTextFile(draft, JSON.stringify(record), { mode: 0o600, createNew: true });
  await Deno.rename(draft, path);
}

/** The definition, or undefined when there is none. @throws DATA_CORRUPT */
export function readDefinition(path: string): Promise<Definition | undefined> {
  return readRecord(path, (value) => "spec" in value && "filesDir" in value) as Promise<
    Definition | undefined
  >;
}

/** The run record, or undefined when there is none. @throws DATA_CORRUPT */
export function readRun(path: string): Promise<RunRecord | undefined> {
  return readRecord(path, (value) => "pid" in value && "cgroupDirs" in value) as Promise<
    RunRecord | undefined
  >;
}

/** The exit record, or undefined when there is none. @throws DATA_CORRUPT */
export function readExit(path: string): Promise<ExitRecord | undefined> {
  return readRecord(path, (value) => "exitCode" in value && "finishedMs" in value) as Promise<
    ExitRecord | undefined
  >;
}

async function readRecord(path: string, isOfKind: (value: object) => boolean): Promise<unknown> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  const value = parseJson(text);
  if (typeof value === "object" && value !== null && isOfKind(value)) return value;
  throw new WarrenError("DATA_CORRUPT", `Cannot read "${path}": it is not a record of a process`, {
    hint: "remove its directory; the service's task is then started anew",
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // The caller reports it with the path.
  }
}

/** The text of a file, or undefined when there is no such file. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return undefined;
    }
    throw error;
  }
}

/** Removes a file or tree; nothing happens when it is gone. Links are removed, not followed. */
export async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
