/**
 * Makes a container of host processes: its directory with definition and files tree.
 *
 * Used by the runtime. Invariant: the directory appears whole or not at all, so a killed agent
 * leaves no container that cannot be started.
 */
import { type Clock, WarrenError } from "../../../lib/mod.ts";
import type { ContainerSpec } from "../runtime.ts";
import { makeFilesTree } from "./files_tree.ts";
import { findUser } from "./launch.ts";
import { idPrefixOf, type ProcessLayout } from "./layout.ts";
import { checkPortsAgree } from "./ports.ts";
import { removeIfThere, writeRecord } from "./records.ts";
import { parseSignal } from "./signals.ts";

/** Drafts older than this belong to nobody any more, in milliseconds. */
const DRAFT_AGE_MS = 60_000;

/** Where a container is made. */
export interface CreateOptions {
  readonly layout: ProcessLayout;
  /** The directory of a volume. @throws INVALID_SPEC when the name is none */
  readonly volumePath: (volume: string) => string;
  readonly clock: Clock;
}

/** The id of the container with that name. */
export async function findByName(
  ids: readonly string[],
  name: string,
): Promise<string | undefined> {
  const prefix = await idPrefixOf(name);
  return ids.find((id) => id.startsWith(prefix));
}

/** Makes a container and gives its id. @throws INVALID_SPEC for what host processes cannot have */
export async function createContainer(
  spec: ContainerSpec,
  { layout, volumePath, clock }: CreateOptions,
): Promise<string> {
  if (spec.entrypoint.length + spec.command.length === 0) {
    throw new WarrenError("INVALID_SPEC", `Cannot create "${spec.name}": it has no command`, {
      hint: "a host process needs one: add it after --",
    });
  }
  parseSignal(spec.stopSignal);
  checkPortsAgree(spec);
  const user = await findUser(spec.user);
  const random = crypto.getRandomValues(new Uint8Array(8)).toHex();
  const id = await idPrefixOf(spec.name) + random;
  const draft = `${layout.root}/.draft-${id}`;
  await Deno.mkdir(draft);
  try {
    // The process may be another user's: it may pass through, not look around.
    await Deno.chmod(draft, 0o711);
    for (const { volume } of spec.volumes) {
      await Deno.mkdir(volumePath(volume), { recursive: true });
    }
    await makeFilesTree(`${draft}/files`, spec, volumePath);
    if (user !== undefined) await Deno.chown(`${draft}/files`, user.uid, user.gid);
    const definition = { id, spec, filesDir: layout.files(id), createdMs: clock.wallNow() };
    await writeRecord(`${draft}/container.json`, definition);
    await Deno.rename(draft, layout.dir(id));
    return id;
  } catch (error) {
    await removeIfThere(draft);
    throw error;
  }
}

/** Makes the runtime's directories and removes what a killed agent left half made or half removed. */
export async function prepareLayout(
  { root, stateDir }: ProcessLayout,
  clock: Clock,
): Promise<void> {
  await Deno.mkdir(stateDir, { recursive: true });
  await Deno.chmod(root, 0o711);
  for (const dir of [root, stateDir]) {
    for await (const { name } of Deno.readDir(dir)) {
      if (name.startsWith(".draft-")) await removeOldDraft(`${dir}/${name}`, dir === root, clock);
    }
  }
}

/** A supervisor may be writing a record just now; containers are made by this agent alone. */
async function removeOldDraft(path: string, isContainer: boolean, clock: Clock): Promise<void> {
  const mtime = (await Deno.stat(path).catch(() => undefined))?.mtime?.getTime() ?? 0;
  if (isContainer || clock.wallNow() - mtime > DRAFT_AGE_MS) await removeIfThere(path);
}
