/**
 * Who this node is: joined once with a token, kept in `identity.json` readable by its owner only.
 *
 * The credential is a secret: it is never logged and never leaves but to a manager.
 */
import {
  backoffDelayMs,
  type Clock,
  isRetryable,
  type Log,
  type Prng,
  RECONNECT_BACKOFF,
  sleep,
  WarrenError,
} from "../../lib/mod.ts";
import { asId, type NodeDescription, type NodeId } from "../../model/mod.ts";
import { descriptionToProto } from "../../rpc/convert/mod.ts";
import { readIfThere, writeAtomically } from "../files/atomic_file.ts";
import type { Connect } from "./link.ts";

/** What a node proves itself with. */
export interface AgentIdentity {
  readonly nodeId: NodeId;
  readonly credential: string;
  readonly clusterId: string;
}

/** Keeps the identity between runs. */
export interface IdentityStore {
  load(): Promise<AgentIdentity | undefined>;
  save(identity: AgentIdentity): Promise<void>;
}

/** The identity as a file in `folder`, which must exist. */
export function fileIdentity(folder: string): IdentityStore {
  const path = `${folder}/identity.json`;
  return {
    async load() {
      const text = await readIfThere(path);
      return text === undefined ? undefined : parseIdentity(text, path);
    },
    save: (identity) => writeAtomically(path, `${JSON.stringify(identity)}\n`),
  };
}

function parseIdentity(text: string, path: string): AgentIdentity {
  const hint = "restore the file from a backup, or join again with an empty data directory";
  const refuse = () => new WarrenError("DATA_CORRUPT", `Cannot read "${path}"`, { hint });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse();
  }
  const { nodeId, credential, clusterId } = (value ?? {}) as Partial<Record<string, unknown>>;
  if (
    typeof nodeId !== "string" || typeof credential !== "string" || typeof clusterId !== "string"
  ) {
    throw refuse();
  }
  return { nodeId: asId<NodeId>(nodeId), credential, clusterId };
}

/** What joining needs. */
export interface JoinParts {
  readonly connect: Connect;
  readonly managers: readonly string[];
  readonly token: string;
  readonly nodeName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly description: NodeDescription;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Makes a node of this machine, asking one manager after the other until one answers.
 *
 * @throws WarrenError TOKEN_REFUSED, NODE_NAME_TAKEN and whatever else a manager refuses for good
 */
export async function joinCluster(parts: JoinParts): Promise<AgentIdentity> {
  for (let tries = 0;; tries++) {
    const address = parts.managers[tries % parts.managers.length] ?? "";
    const link = parts.connect(address);
    try {
      const joined = await link.join({
        token: parts.token,
        name: parts.nodeName,
        labels: { ...parts.labels },
        description: descriptionToProto(parts.description),
      }, parts.signal);
      const { nodeId, credential, clusterId } = joined;
      return { nodeId: asId<NodeId>(nodeId), credential, clusterId };
    } catch (thrown) {
      parts.signal.throwIfAborted();
      const error = WarrenError.from(thrown, "Cannot join the cluster");
      if (!isRetryable(error)) throw error;
      if (tries === 0) {
        parts.log.warn("cannot join yet", { component: "agent", error: error.message });
      }
    } finally {
      link.close();
    }
    await sleep(
      parts.clock,
      backoffDelayMs(RECONNECT_BACKOFF, tries, parts.prng.float()),
      parts.signal,
    );
  }
}
