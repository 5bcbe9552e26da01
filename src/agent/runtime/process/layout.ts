/**
 * Where the process runtime keeps what: one directory per container and one for state records.
 *
 * Used by the runtime and by the supervisors. Pure. State records lie apart from the logs, so that
 * watching for them is not woken by every line of output.
 */

/** Paths below the runtime's directory. */
export class ProcessLayout {
  /** `root` is an absolute path. */
  constructor(readonly root: string) {}

  /** Holds `<id>.run.json` and `<id>.exit.json`. */
  get stateDir(): string {
    return `${this.root}/state`;
  }

  /** What belongs to one container. */
  dir(id: string): string {
    return `${this.root}/${id}`;
  }

  /** What it was made from. */
  definition(id: string): string {
    return `${this.dir(id)}/container.json`;
  }

  /** Locked by its supervisor as long as that lives. */
  lock(id: string): string {
    return `${this.dir(id)}/lock`;
  }

  /** There once a command was run beside its process. */
  guestMark(id: string): string {
    return `${this.dir(id)}/guests`;
  }

  /** Stands in for the root directory of a container. */
  files(id: string): string {
    return `${this.dir(id)}/files`;
  }

  /** Written when it has started. */
  runRecord(id: string): string {
    return `${this.stateDir}/${id}.run.json`;
  }

  /** Written when it has ended. */
  exitRecord(id: string): string {
    return `${this.stateDir}/${id}.exit.json`;
  }
}

/** The container that a path below the runtime's directory is about. */
export function containerOfPath(path: string): string | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return /^([0-9a-f]{32})(\.run\.json|\.exit\.json)?$/.exec(name)?.[1];
}

/** Whether `text` has the form of a container's id. */
export function isContainerId(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text);
}

/** Beginning of the ids of all containers with that name, 16 hexadecimal digits. */
export async function idPrefixOf(name: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(name));
  return new Uint8Array(hash).subarray(0, 8).toHex();
}
