/**
 * Faults of published ports: ranges, modes, and two ports that want the same thing.
 *
 * Called by the task validator. Whether a node's port is free is the scheduler's matter.
 */
import type { PortSpec } from "../service.ts";
import {
  checkChoice,
  checkCount,
  checkForm,
  checkInteger,
  checkUnique,
  type Report,
} from "./text.ts";

/** Every port that can be asked for. */
export const PORT_RANGE = { min: 1, max: 65_535 };
/** The engine chooses when 0 is given. */
const HOST_PORT_RANGE = { min: 0, max: 65_535 };
const MAX_PORTS = 500;
const PORT_NAME = {
  pattern: /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
  form: "1 to 63 characters of a-z, 0-9 and -",
};

/** Reports every fault of `ports`, below the path `task.ports`. */
export function checkPorts(report: Report, ports: readonly PortSpec[]): void {
  if (!checkCount(report, "task.ports", ports.length, MAX_PORTS)) return;
  ports.forEach((port, at) => checkPort(report, `task.ports[${at}]`, port));
  const keyed = ports.map((port, at) => ({ port, path: `task.ports[${at}]` }));
  const named = keyed.filter(({ port }) => port.name !== "");
  checkUnique(report, named.map(({ port, path }) => ({ path, key: port.name })), "name");
  const fixed = keyed.filter(({ port }) => port.hostPort !== 0);
  const hostKeys = fixed.map(({ port, path }) => ({
    path: `${path}.hostPort`,
    key: `${port.hostPort}/${port.protocol}`,
  }));
  checkUnique(report, hostKeys, "host port");
  const free = keyed.filter(({ port }) => port.hostPort === 0);
  const freeKeys = free.map(({ port, path }) => ({
    path: `${path}.containerPort`,
    key: `${port.containerPort}/${port.protocol}`,
  }));
  checkUnique(report, freeKeys, "container port");
}

function checkPort(report: Report, path: string, port: PortSpec): void {
  if (port.name !== "") checkForm(report, `${path}.name`, port.name, PORT_NAME);
  checkInteger(report, `${path}.containerPort`, port.containerPort, PORT_RANGE);
  checkInteger(report, `${path}.hostPort`, port.hostPort, HOST_PORT_RANGE);
  checkChoice(report, `${path}.protocol`, port.protocol, ["tcp", "udp"]);
  if (!checkChoice(report, `${path}.publishMode`, port.publishMode, ["host", "ingress"])) return;
  if (port.publishMode === "ingress") {
    report(`${path}.publishMode`, "ingress is not available yet: use host");
  }
}
