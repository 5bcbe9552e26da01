/**
 * Facts of this machine and user that defaults depend on.
 */
import { hostname } from "node:os";
import { isAbsolute, join } from "node:path";
import { defaultSocketPath } from "../client/mod.ts";
import { WarrenError } from "../lib/mod.ts";

/** This machine's name, in the form that a node name must have. */
export function machineName(): string {
  const name = hostname().toLowerCase().replace(/[^a-z0-9.-]/g, "-").replace(/^[^a-z0-9]+/, "");
  return name.slice(0, 63) || "node";
}

/** `linux` or `darwin`. */
export function machineOs(): string {
  return Deno.build.os;
}

/** `amd64` or `arm64`. */
export function machineArch(): string {
  return Deno.build.arch === "aarch64" ? "arm64" : "amd64";
}

/**
 * The data directory: as given, or `/var/lib/warren` for root and the user's data home otherwise.
 *
 * @throws WarrenError DATA_DIR_UNUSABLE when neither is known
 */
export function dataDirPath(given: string | null): string {
  // Most likely a variable that is not set: the machine's own directory is not what was meant.
  if (given === "") {
    throw new WarrenError("USAGE", "Flag --data-dir is empty", {
      hint: "name a directory, or leave the flag out for the default",
    });
  }
  if (given) return isAbsolute(given) ? given : join(Deno.cwd(), given);
  if (Deno.uid() === 0) return "/var/lib/warren";
  const home = Deno.env.get("XDG_DATA_HOME") ?? homeData();
  if (home) return join(home, "warren");
  throw new WarrenError("DATA_DIR_UNUSABLE", "Cannot choose a data directory: HOME is not set", {
    hint: "name one with --data-dir",
  });
}

function homeData(): string | undefined {
  const home = Deno.env.get("HOME");
  return home ? join(home, ".local", "share") : undefined;
}

/** The local socket, where the command line looks for it too. */
export function localSocketPath(): string {
  return defaultSocketPath({ uid: Deno.uid(), env: (name) => Deno.env.get(name) });
}
