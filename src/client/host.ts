/**
 * Where the local daemon listens, and which manager a client asks when nobody says.
 *
 * Shared by the daemon and the clients, so that they meet without a flag. Pure: the machine comes in.
 */

/** What the default depends on. */
export interface HostMachine {
  /** Null where there are no user ids. */
  readonly uid: number | null;
  /** A variable of the environment. */
  env(name: string): string | undefined;
}

/** Path of the daemon's socket: one for the machine as root, else one for the user. */
export function defaultSocketPath(machine: HostMachine): string {
  if (machine.uid === 0) return "/var/run/warren.sock";
  const runtimeFolder = machine.env("XDG_RUNTIME_DIR");
  if (runtimeFolder?.startsWith("/")) return `${runtimeFolder.replace(/\/+$/, "")}/warren.sock`;
  const home = machine.env("HOME");
  if (home?.startsWith("/")) return `${home.replace(/\/+$/, "")}/.warren/warren.sock`;
  return `/tmp/warren-${machine.uid ?? "user"}/warren.sock`;
}

/** The manager to ask: `given` (a flag), WARREN_HOST, or the local socket. */
export function chooseHost(given: string | undefined, machine: HostMachine): string {
  return given || machine.env("WARREN_HOST") || `unix://${defaultSocketPath(machine)}`;
}

/** The addresses of a list separated by commas; a path of a socket has none in it. */
export function splitHosts(text: string): readonly string[] {
  return text.split(",").map((part) => part.trim());
}
