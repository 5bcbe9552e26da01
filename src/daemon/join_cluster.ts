/**
 * The joiner's side of a join: asks one manager after the other to make a manager of this machine.
 *
 * Called at a manager's first start, and when a worker was promoted, before its log is opened. It keeps
 * nothing: the caller saves what it answers. The identity must be durable before, since the same
 * request is made again after a crash. Invariant: one member id per log that begins anew.
 */
import {
  backoffDelayMs,
  isRetryable,
  type Log,
  realClock,
  RECONNECT_BACKOFF,
  sleep,
  VERSION,
  WarrenError,
} from "../lib/mod.ts";
import type { JoinManagerRequest, JoinManagerResponse } from "../rpc/gen/warren/v1/cluster.ts";
import { ClusterServiceService } from "../rpc/gen/warren/v1/cluster.ts";
import { openChannel, parseAddress } from "../rpc/mod.ts";
import type { KnownPeer, NodeIdentity } from "./data_dir.ts";
import { bindable } from "./addresses.ts";
import { machineArch, machineOs } from "./machine.ts";
import type { Settings } from "./settings.ts";

/** How long one manager may take to answer: it waits for a commit of the group, in milliseconds. */
const ANSWER_MS = 15_000;

/** What a join needs. */
export interface JoinParts {
  readonly settings: Pick<
    Settings,
    | "advertiseAddr"
    | "hasAgent"
    | "labels"
    | "listenAddr"
    | "managers"
    | "nodeName"
    | "raftAddr"
    | "raftAdvertiseAddr"
    | "token"
  >;
  readonly identity: Pick<NodeIdentity, "nodeId" | "memberId" | "credential">;
  readonly log: Log;
  /** Gives up. */
  readonly signal: AbortSignal;
}

/** What a manager begins with that has joined. */
export interface Joined {
  readonly clusterId: string;
  /** What secrets are sealed under. */
  readonly dataKey: Uint8Array<ArrayBuffer>;
  /** The other members whose address is known. */
  readonly members: readonly KnownPeer[];
}

/**
 * Joins; tries for as long as that may help.
 *
 * @throws WarrenError USAGE without a manager or token, TOKEN_REFUSED, NODE_NAME_TAKEN, NODE_REMOVED,
 *   NOT_PERMITTED and whatever else a manager refuses for good; the signal's reason
 */
export async function joinCluster(parts: JoinParts): Promise<Joined> {
  const { settings: { managers }, identity, log, signal } = parts;
  const request = requestOf(parts);
  for (let attempt = 0;; attempt++) {
    const address = managers[attempt % managers.length] ?? "";
    try {
      return joinedOf(await ask(address, request, signal), identity.memberId);
    } catch (thrown) {
      signal.throwIfAborted();
      const error = WarrenError.from(thrown, "Cannot join the cluster");
      if (error.reason === "UNKNOWN_METHOD") throw notTheApi(address, error);
      // A join whose answer was lost is made again like any other: it is done once.
      if (!isRetryable(error) && error.reason !== "UNKNOWN_OUTCOME") throw error;
      if (attempt === 0) log.warn("cannot join yet", { address, error: error.message });
    }
    // Every manager is asked once before the first pause.
    const round = Math.floor(attempt / managers.length);
    const isRoundOver = (attempt + 1) % managers.length === 0;
    if (!isRoundOver) continue;
    await sleep(realClock, backoffDelayMs(RECONNECT_BACKOFF, round, Math.random()), signal);
  }
}

/** A manager has two ports, and one of them is easily taken for the other. */
function notTheApi(address: string, cause: WarrenError): WarrenError {
  const message = `Cannot join: nobody at ${address} takes in managers`;
  const hint = "name a manager's --listen-addr, not its --raft-addr; or its version is older";
  return new WarrenError("UNKNOWN_METHOD", message, { hint, cause });
}

async function ask(
  address: string,
  request: JoinManagerRequest,
  signal: AbortSignal,
): Promise<JoinManagerResponse> {
  const channel = openChannel(parseAddress(address), { isAlone: true });
  try {
    const { joinManager } = ClusterServiceService;
    return await channel.unary(joinManager, request, { signal, timeoutMs: ANSWER_MS });
  } finally {
    await channel.abandon();
  }
}

function requestOf({ settings, identity }: JoinParts): JoinManagerRequest {
  const { nodeId, memberId, credential } = identity;
  const { nodeName, labels, hasAgent, token, managers } = settings;
  if (!token || managers.length === 0) {
    throw new WarrenError(
      "USAGE",
      "Cannot join: a manager's first start needs a manager and a token",
      {
        hint: 'run "warren cluster join-token manager" on a manager: it prints the whole command',
      },
    );
  }
  const description = {
    hostname: nodeName,
    os: machineOs(),
    arch: machineArch(),
    runtimes: [],
    engine: "",
    milliCpus: 0,
    memoryBytes: 0,
    version: VERSION,
  };
  return {
    token,
    nodeId,
    memberId,
    credential,
    name: nodeName,
    labels: { ...labels },
    description,
    hasAgent,
    // A port that is chosen when it is bound is told later: by the record of the node, and by the hello.
    address: settings.advertiseAddr ?? bindable(settings.listenAddr),
    raftAddress: settings.raftAdvertiseAddr ?? bindable(settings.raftAddr),
  };
}

function joinedOf({ clusterId, dataKey, members }: JoinManagerResponse, selfId: string): Joined {
  const others = members.filter(({ id, raftAddress }) => id !== selfId && raftAddress !== "");
  return {
    clusterId,
    dataKey: Uint8Array.from(dataKey),
    members: others.map(({ id, raftAddress }) => ({ id, address: raftAddress })),
  };
}
