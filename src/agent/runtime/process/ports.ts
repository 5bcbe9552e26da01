/**
 * Ports of host processes: they listen by themselves, so a port can only be what they choose.
 *
 * Used by the runtime before a start. Between the look and the process's own bind somebody else may
 * take the port; then the process says so itself.
 */
import { WarrenError } from "../../../lib/mod.ts";
import type { BoundPort, PortSpec } from "../../../model/mod.ts";
import { findPortHolder } from "../port_holder.ts";
import type { ContainerSpec } from "../runtime.ts";

/** The ports as a host process has them. */
export function boundPorts(ports: readonly PortSpec[]): BoundPort[] {
  return ports.map(({ containerPort, protocol }) => ({
    containerPort,
    hostPort: containerPort,
    protocol,
  }));
}

/** @throws INVALID_SPEC when a port is to be published as another one. */
export function checkPortsAgree({ name, ports }: ContainerSpec): void {
  for (const { containerPort, hostPort, publishMode } of ports) {
    if (publishMode !== "host" || hostPort === 0 || hostPort === containerPort) continue;
    throw new WarrenError(
      "INVALID_SPEC",
      `Cannot create "${name}": port ${containerPort} of a host process cannot be published as ${hostPort}`,
      { hint: `publish ${hostPort}:${hostPort} and let the process listen on ${hostPort}` },
    );
  }
}

/** @throws PORT_IN_USE when somebody listens on one of the ports. */
export async function checkPortsFree(name: string, ports: readonly PortSpec[]): Promise<void> {
  for (const { containerPort, protocol } of ports) {
    if (isFree(containerPort, protocol)) continue;
    const holder = await findPortHolder(containerPort, protocol) || "another process";
    throw new WarrenError(
      "PORT_IN_USE",
      `Cannot start "${name}": Port ${containerPort} of the node is in use by ${holder}`,
      { hint: "stop what listens there, or choose another port" },
    );
  }
}

function isFree(port: number, protocol: "tcp" | "udp"): boolean {
  try {
    if (protocol === "tcp") Deno.listen({ hostname: "0.0.0.0", port }).close();
    else Deno.listenDatagram({ hostname: "0.0.0.0", port, transport: "udp" }).close();
    return true;
  } catch (error) {
    // What else can go wrong, such as a port for root only, is the process's own to find out.
    return !(error instanceof Deno.errors.AddrInUse);
  }
}
