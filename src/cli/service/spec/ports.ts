/**
 * Published ports and mounted files from their short text forms. Pure; form only, ranges of names
 * and paths are judged by the cluster.
 */
import { quoted, usageError } from "../../parse/usage.ts";
import { parseCount } from "../../parse/values.ts";
import type { FileRef, PortSpec, VolumeMount } from "../../../client/wire/mod.ts";

/** A port from `[HOST:]CONTAINER[/tcp|/udp]`. @throws WarrenError USAGE */
export function parsePort(text: string, publishMode: string): PortSpec {
  const match = /^(?:(\d{1,5}):)?(\d{1,5})(?:\/(tcp|udp))?$/.exec(text);
  const hostPort = match?.[1] === undefined ? 0 : parsePortNumber(match[1]);
  const containerPort = parsePortNumber(match?.[2] ?? "");
  if (hostPort === undefined || containerPort === undefined) {
    throw usageError(
      `Bad value ${quoted(text)} for --publish`,
      "write [HOST:]CONTAINER[/udp] with ports from 1 to 65535, for instance 8080:80",
    );
  }
  return { name: "", containerPort, hostPort, protocol: match?.[3] ?? "tcp", publishMode };
}

/** A port number from 1 to 65535. */
export function parsePortNumber(text: string): number | undefined {
  const port = parseCount(text);
  return port !== undefined && port >= 1 && port <= 65_535 ? port : undefined;
}

/** A mount from `NAME:PATH[:ro]`. @throws WarrenError USAGE */
export function parseMount(text: string): VolumeMount {
  const [volume = "", target = "", mode = "rw", ...others] = text.split(":");
  if (volume === "" || target === "" || others.length > 0 || !["ro", "rw"].includes(mode)) {
    throw usageError(
      `Bad value ${quoted(text)} for --volume`,
      "write NAME:PATH or NAME:PATH:ro, for instance data:/var/lib/data",
    );
  }
  return { volume, target, readOnly: mode === "ro" };
}

/** A secret or config from `NAME[:PATH]`; the target is "" when not given. @throws WarrenError USAGE */
export function parseFileRef(text: string, flag: "secret" | "config"): FileRef {
  const at = text.indexOf(":");
  const name = at < 0 ? text : text.slice(0, at);
  const target = at < 0 ? "" : text.slice(at + 1);
  if (name === "" || (at >= 0 && target === "")) {
    throw usageError(`Bad value ${quoted(text)} for --${flag}`, "write NAME or NAME:PATH");
  }
  return { name, target, uid: 0, gid: 0, mode: 0 };
}

/** Whether `port` is the one that `text` names: `80`, `80/udp` or `8080:80`. */
export function isPortNamed(port: PortSpec, text: string): boolean {
  const [ports = "", protocol] = text.split("/");
  const inside = ports.split(":").at(-1);
  return String(port.containerPort) === inside && (protocol ?? port.protocol) === port.protocol;
}
