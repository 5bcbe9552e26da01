/**
 * What exactly is started on the host for a container: program, arguments, environment, user.
 *
 * Used by the supervisor and for commands inside. Invariant: the process sees the environment that
 * its service asked for and a few agreed variables, nothing of the agent's own but the search path.
 */
import { WarrenError } from "../../../lib/mod.ts";
import type { Definition } from "./records.ts";
import { CONTAINER_VARIABLE } from "./signals.ts";

/** Variable that names the directory which stands in for the container's root. */
export const ROOT_VARIABLE = "WARREN_ROOT";

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A user of this machine by number. */
export interface HostUser {
  readonly uid: number;
  readonly gid: number;
}

/** All that is needed to start a process. */
export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Undefined means the agent's own. */
  readonly user: HostUser | undefined;
}

/** What a command inside changes. */
export interface LaunchChanges {
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly workdir?: string;
}

/** Plans the start of a container's process, or of a command beside it. @throws INVALID_SPEC */
export async function planLaunch(
  { id, spec, filesDir }: Definition,
  changes: LaunchChanges = {},
): Promise<Launch> {
  const [program, ...args] = changes.command ?? [...spec.entrypoint, ...spec.command];
  if (program === undefined || program === "") {
    throw new WarrenError("INVALID_SPEC", `Cannot run "${spec.name}": it has no command`, {
      hint: "a host process needs one: add it after --",
    });
  }
  return {
    program,
    args,
    env: {
      PATH: Deno.env.get("PATH") ?? DEFAULT_PATH,
      HOME: filesDir,
      ...(spec.hostname !== "" && { HOSTNAME: spec.hostname }),
      ...spec.env,
      ...changes.env,
      [ROOT_VARIABLE]: filesDir,
      [CONTAINER_VARIABLE]: id,
    },
    cwd: changes.workdir || spec.workdir || filesDir,
    user: await findUser(changes.user || spec.user),
  };
}

/**
 * The user that `text` names: `name`, `uid`, `name:group` or `uid:gid`; undefined for "". A number
 * without a group gets the group of that number's user, or else the same number.
 * @throws INVALID_SPEC when there is no such user, or the agent may not become it.
 */
export async function findUser(text: string): Promise<HostUser | undefined> {
  if (text === "") return undefined;
  const [userText = "", groupText] = text.split(":");
  const uid = await findNumber(userText, "-u");
  if (uid === undefined) throw new WarrenError("INVALID_SPEC", `There is no user "${userText}"`);
  const gid = groupText === undefined
    ? await askId("-g", userText) ?? uid
    : await findGroup(groupText);
  if (gid === undefined) throw new WarrenError("INVALID_SPEC", `There is no group "${groupText}"`);
  if (uid === Deno.uid() && gid === Deno.gid()) return undefined;
  if (Deno.uid() === 0) return { uid, gid };
  throw new WarrenError("INVALID_SPEC", `Cannot run as user "${text}": the agent is not root`, {
    hint: "start the worker as root, or leave out --user",
  });
}

function findNumber(text: string, flag: string): Promise<number | undefined> {
  return /^\d+$/.test(text) ? Promise.resolve(Number(text)) : askId(flag, text);
}

async function askId(flag: string, name: string): Promise<number | undefined> {
  if (!/^[\w.][\w.-]*\$?$/.test(name)) return undefined;
  return await askNumber("id", [flag, name]);
}

async function findGroup(name: string): Promise<number | undefined> {
  if (/^\d+$/.test(name)) return Number(name);
  if (!/^[\w.][\w.-]*$/.test(name)) return undefined;
  const groups = await Deno.readTextFile("/etc/group").catch(() => "");
  const line = groups.split("\n").find((line) => line.startsWith(`${name}:`));
  return line === undefined ? undefined : Number(line.split(":")[2]);
}

async function askNumber(program: string, args: string[]): Promise<number | undefined> {
  const done = await new Deno.Command(program, { args, stdout: "piped", stderr: "null" }).output();
  const text = new TextDecoder().decode(done.stdout).trim();
  return done.success && /^\d+$/.test(text) ? Number(text) : undefined;
}
