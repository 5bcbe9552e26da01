/**
 * Secrets and configs of tasks as files: secrets on memory-backed storage only, configs on disk.
 *
 * Each file is bound into the container by itself and read-only. The place for secrets is checked to
 * be memory before anything is written; where the system has none, root mounts one. Data that is not
 * here any more after a restart of the node (`null`) must come from a manager again.
 */
import { WarrenError } from "../../lib/mod.ts";
import type { FileRef } from "../../model/mod.ts";
import type { Bind } from "../runtime/runtime.ts";
import type { AssignedFile, Assignment } from "../task/assignment.ts";
import { type MemoryPlace, removeTree } from "./memory_place.ts";
import { targetOf, type TaskFiles } from "./task_files.ts";

type Kind = "secret" | "config";

/** A file to write. */
interface PlannedFile {
  readonly kind: Kind;
  readonly ref: FileRef;
  readonly data: Uint8Array | null;
  /** Its folder, which holds the files of one task and one kind. */
  readonly folder: string;
  readonly path: string;
}

/** Task files below a place in memory and a folder on disk. */
export class MountedFiles implements TaskFiles {
  readonly #memory: MemoryPlace;
  readonly #configFolder: string;

  /** `configFolder` is made when needed. */
  constructor(memory: MemoryPlace, configFolder: string) {
    this.#memory = memory;
    this.#configFolder = configFolder;
  }

  async write(assignment: Assignment): Promise<readonly Bind[]> {
    checkComplete("secret", assignment.spec.secrets, assignment.secrets);
    checkComplete("config", assignment.spec.configs, assignment.configs);
    const files = await this.#plan(assignment);
    for (const file of files) await writeFile(file);
    return files.map(bindOf);
  }

  async binds(assignment: Assignment): Promise<readonly Bind[]> {
    return (await this.#plan(assignment)).map(bindOf);
  }

  async remove(taskId: string): Promise<void> {
    const secrets = await this.#memory.findFolder();
    if (secrets) await removeTree(`${secrets}/${taskId}`);
    await removeTree(`${this.#configFolder}/${taskId}`);
  }

  async sweep(keep: ReadonlySet<string>): Promise<void> {
    const secrets = await this.#memory.findFolder();
    for (const folder of [...(secrets ? [secrets] : []), this.#configFolder]) {
      for (const name of await namesIn(folder)) {
        if (!keep.has(name)) await removeTree(`${folder}/${name}`);
      }
    }
  }

  async #plan(assignment: Assignment): Promise<PlannedFile[]> {
    const { id, secrets, configs } = assignment;
    const secretFolder = secrets.length > 0 ? `${await this.#memory.getFolder()}/${id}` : "";
    return [
      ...planned("secret", secrets, secretFolder),
      ...planned("config", configs, `${this.#configFolder}/${id}`),
    ];
  }
}

/** Names may repeat with other targets, so each file is called by its place in the list. */
function planned(kind: Kind, files: readonly AssignedFile[], folder: string): PlannedFile[] {
  return files.map(({ ref, data }, at) => ({ kind, ref, data, folder, path: `${folder}/${at}` }));
}

function bindOf({ kind, ref, path }: PlannedFile): Bind {
  return { source: path, target: targetOf(kind, ref.target), readOnly: true };
}

function checkComplete(
  kind: Kind,
  wanted: readonly FileRef[],
  files: readonly AssignedFile[],
): void {
  for (const { name } of wanted) {
    if (files.some(({ ref }) => ref.name === name)) continue;
    const word = kind === "secret" ? "Secret" : "Config";
    const reason = kind === "secret" ? "SECRET_NOT_FOUND" : "CONFIG_NOT_FOUND";
    throw new WarrenError(reason, `${word} "${name}" is not there`);
  }
}

/** Writes beside and renames, so that a container never sees half a file. */
async function writeFile({ kind, ref, data, folder, path }: PlannedFile): Promise<void> {
  if (data === null) {
    if (await exists(path)) return;
    const message = `Waiting for a manager to send ${kind} "${ref.name}" again`;
    throw new WarrenError("SECRET_AWAITED", message);
  }
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = `${path}.new`;
  await Deno.writeFile(draft, data, { mode: 0o600 });
  if (Deno.uid() === 0) await Deno.chown(draft, ref.uid, ref.gid);
  await Deno.chmod(draft, ref.mode);
  await Deno.rename(draft, path);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
