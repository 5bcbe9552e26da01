/**
 * The agent of a daemon's own node, and what it says of its health.
 *
 * A manager's own agent reaches it through the local socket, with the protocol that every other
 * agent speaks; a worker dials its managers.
 */
import { type Agent, type RoleOrder, startHostAgent } from "../agent/mod.ts";
import { type Log, type Metrics, realClock } from "../lib/mod.ts";
import { asId, type NodeId } from "../model/mod.ts";
import type { ComponentHealth } from "../telemetry/mod.ts";
import type { Settings } from "./settings.ts";

/** What the agent of a daemon is started from. */
export interface LocalAgentParts {
  readonly settings: Settings;
  /** Known for a manager's own node; null lets the agent join. */
  readonly identity:
    | { readonly nodeId: string; readonly credential: string; readonly clusterId: string }
    | null;
  readonly managers: readonly string[];
  readonly metrics: Metrics;
  readonly log: Log;
  /** Told in every session what the managers want the node to be. */
  readonly onRole?: (order: RoleOrder) => void;
  /** Gives up a start that waits for a manager. */
  readonly signal: AbortSignal;
}

/** Starts the agent. @throws WarrenError as `startAgent` does */
export async function startLocalAgent(parts: LocalAgentParts): Promise<Agent> {
  const { settings, identity, managers, metrics, log, onRole, signal } = parts;
  return await startHostAgent({
    dataDir: settings.dataDir,
    nodeName: settings.nodeName,
    labels: settings.asked.labels,
    runtime: settings.runtime,
    dockerHost: settings.dockerHost,
    token: settings.token,
    identity: identity && { ...identity, nodeId: asId<NodeId>(identity.nodeId) },
    managers,
    clock: realClock,
    log,
    metrics,
    ...(onRole && { onRole }),
    signal,
  });
}

/** Waits for the agent's first session, but not for ever: an engine may be slow to answer. */
export async function untilConnected(agent: Agent, limitMs: number): Promise<void> {
  const late = Promise.withResolvers<void>();
  const cancel = realClock.after(limitMs, late.resolve);
  await Promise.race([agent.connected, late.promise]);
  cancel();
}

/** Health of an agent: it works without a session, but is not ready for new tasks. */
export function agentHealth(agent: Agent): ComponentHealth[] {
  const { isConnected, trouble, memoryTrouble } = agent;
  return [
    {
      name: "agent",
      isHealthy: memoryTrouble === "",
      isReady: isConnected,
      message: memoryTrouble || (isConnected ? "" : "no session with a manager"),
    },
    { name: "runtime", isHealthy: trouble === "", isReady: trouble === "", message: trouble },
  ];
}
