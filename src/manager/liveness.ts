/**
 * Which nodes are alive, as the leader sees it: decided from the pulse of their sessions.
 *
 * Pulses stay in the leader's memory; only transitions are proposed. Pure: the dispatcher feeds it
 * and carries out what it says. A node whose session broke is `unknown` (takes no new task) and
 * becomes `down` when it stays silent for the timeout; only then are its tasks replaced.
 */
import type { MonoMs } from "../lib/mod.ts";
import type { Node, NodeId, NodeStatus } from "../model/mod.ts";
import type { Action } from "../store/mod.ts";

/** The pulse period told to agents. */
export const HEARTBEAT_INTERVAL_MS = 2_000;
/** Silence after which a node is down. */
export const NODE_TIMEOUT_MS = 10_000;
/** The leader decides at least this often. */
export const DECIDE_INTERVAL_MS = 2_000;
/** A longer time between two decisions means that the leader itself stood still. */
const STANDSTILL_MS = DECIDE_INTERVAL_MS + 1_000;

interface Pulse {
  /** `unheard` has not spoken to this leader yet: what the store says of it stands. */
  readonly session: "open" | "broken" | "unheard";
  readonly lastMs: MonoMs;
}

/** What to propose now, and when to look again at the latest. */
export interface LivenessVerdict {
  readonly actions: readonly Action[];
  readonly nextMs: MonoMs;
  /** For how long the leader itself stood still and heard nobody; 0 when it did not. */
  readonly standstillMs: number;
}

/** The leader's memory of pulses. */
export class Liveness {
  readonly #pulses = new Map<NodeId, Pulse>();
  #decidedMs: MonoMs | undefined;

  /** A session began or a heartbeat arrived. */
  pulse(id: NodeId, nowMs: MonoMs): void {
    this.#pulses.set(id, { session: "open", lastMs: nowMs });
  }

  /** The node's session ended; nothing happens for a node that was forgotten. */
  lost(id: NodeId): void {
    const pulse = this.#pulses.get(id);
    if (pulse) this.#pulses.set(id, { ...pulse, session: "broken" });
  }

  /** The node was removed from the cluster. */
  forget(id: NodeId): void {
    this.#pulses.delete(id);
  }

  /**
   * Compares what is known with what the store says. A node never heard of (a leader that just
   * began) is given the whole timeout from now. A leader that stood still (a paused machine, a
   * stopped process) blames nobody for it: what was said meanwhile waits to be read.
   */
  decide(nodes: Iterable<Node>, nowMs: MonoMs): LivenessVerdict {
    const standstillMs = this.#excuse(nowMs);
    const actions: Action[] = [];
    let nextMs = nowMs + DECIDE_INTERVAL_MS;
    for (const node of nodes) {
      const pulse = this.#pulses.get(node.id) ?? { session: "unheard", lastMs: nowMs };
      this.#pulses.set(node.id, pulse);
      const silentMs = nowMs - pulse.lastMs;
      if (silentMs < NODE_TIMEOUT_MS) nextMs = Math.min(nextMs, pulse.lastMs + NODE_TIMEOUT_MS);
      const status = statusOf(pulse, silentMs, node.status);
      if (status === node.status) continue;
      actions.push({ kind: "node.status", id: node.id, status, message: reason(status, silentMs) });
    }
    return { actions, nextMs: nextMs as MonoMs, standstillMs };
  }

  /** Takes a time in which nothing was read out of everybody's silence; answers with that time. */
  #excuse(nowMs: MonoMs): number {
    const sinceMs = nowMs - (this.#decidedMs ?? nowMs);
    this.#decidedMs = nowMs;
    if (sinceMs <= STANDSTILL_MS) return 0;
    for (const [id, pulse] of this.#pulses) {
      const lastMs = Math.min(nowMs, pulse.lastMs + sinceMs) as MonoMs;
      this.#pulses.set(id, { ...pulse, lastMs });
    }
    return sinceMs;
  }
}

function statusOf(pulse: Pulse, silentMs: number, before: NodeStatus): NodeStatus {
  if (silentMs >= NODE_TIMEOUT_MS) return "down";
  if (pulse.session === "open") return "ready";
  if (pulse.session === "unheard") return before;
  return before === "down" ? "down" : "unknown";
}

function reason(status: NodeStatus, silentMs: number): string {
  const seconds = Math.round(silentMs / 1_000);
  if (status === "down") return `no word from its agent for ${seconds} s`;
  return status === "unknown" ? "its agent's connection broke" : "";
}
