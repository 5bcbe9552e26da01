/**
 * A directory that stands in for a container's root: host processes cannot have mounts of their own,
 * so files and volumes are links below it, at the paths that the service asked for.
 *
 * Used by the runtime when it makes a container. The process finds the directory in `WARREN_ROOT`
 * and, unless told otherwise, starts in it. Nothing is copied: a secret stays where the agent keeps
 * it. Invariant: every link lies below the directory, whatever the targets say.
 */
import { WarrenError } from "../../../lib/mod.ts";
import type { ContainerSpec } from "../runtime.ts";

/** Makes `dir` with a link for each bind and volume. @throws INVALID_SPEC */
export async function makeFilesTree(
  dir: string,
  spec: ContainerSpec,
  volumePath: (volume: string) => string,
): Promise<void> {
  await Deno.mkdir(dir, { mode: 0o755 });
  const links = [
    ...spec.binds.map(({ source, target }) => ({ source, target })),
    ...spec.volumes.map(({ volume, target }) => ({ source: volumePath(volume), target })),
  ];
  for (const { source, target } of links) {
    const parts = splitTarget(target);
    await makeParents(dir, parts.slice(0, -1), target);
    await link(source, [dir, ...parts].join("/"), target);
  }
}

function splitTarget(target: string): string[] {
  const parts = target.split("/").filter((part) => part !== "" && part !== ".");
  if (target.startsWith("/") && parts.length > 0 && !parts.includes("..")) return parts;
  throw new WarrenError("INVALID_SPEC", `Cannot place a file at "${target}"`, {
    hint: "give an absolute path below /",
  });
}

async function makeParents(dir: string, parts: readonly string[], target: string): Promise<void> {
  let path = dir;
  for (const part of parts) {
    path = `${path}/${part}`;
    try {
      await Deno.mkdir(path, { mode: 0o755 });
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      if ((await Deno.lstat(path)).isDirectory) continue;
      throw new WarrenError(
        "INVALID_SPEC",
        `Cannot place "${target}": it lies inside another mount, which host processes cannot have`,
      );
    }
  }
}

async function link(source: string, path: string, target: string): Promise<void> {
  try {
    await Deno.symlink(source, path);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    throw new WarrenError("INVALID_SPEC", `Cannot place "${target}": two mounts want that path`);
  }
}
