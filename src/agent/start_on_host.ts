/**
 * The agent on a real machine: files, engine and network as they are there.
 *
 * Called by the daemon; tests and the simulator call `startAgent` with parts of their own.
 */
import { type Clock, type Log, type Metrics, Prng, SteadyClock } from "../lib/mod.ts";
import type { RoleOrder } from "../rpc/gen/warren/v1/agent.ts";
import { openChannel, parseAddress } from "../rpc/mod.ts";
import { type Agent, type AgentConfig, startAgent } from "./agent.ts";
import { describeNode } from "./describe.ts";
import { findMemoryPlace, type MemoryPlace } from "./files/memory_place.ts";
import { MountedFiles } from "./files/secrets_mount.ts";
import { fileState, readBootId } from "./local_state.ts";
import { networkProbes } from "./probe/probe_io.ts";
import { createDockerRuntime, DEFAULT_DOCKER_ADDRESS } from "./runtime/docker.ts";
import { engineSocket } from "./runtime/docker/http.ts";
import { FakeRuntime } from "./runtime/fake.ts";
import { ProcessRuntime } from "./runtime/process.ts";
import { type AgentIdentity, fileIdentity } from "./session/identity.ts";
import { channelLink } from "./session/link.ts";
import { fileManagers } from "./session/manager_memory.ts";
import type { OfferedRuntime } from "./task/offer.ts";

/** What the daemon decides. */
export interface HostAgentOptions extends AgentConfig {
  /** The data directory; `agent/` below it is the agent's. */
  readonly dataDir: string;
  /** `fake` keeps containers in memory only: for load tests of the control plane. */
  readonly runtime: "auto" | "docker" | "process" | "none" | "fake";
  /** `unix:///path` or `tcp://host:port`; null is the engine's usual place. */
  readonly dockerHost: string | null;
  /** Given when the node is known already, as a manager's own node is; nothing is joined then. */
  readonly identity: AgentIdentity | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Called in every session with what the managers want the node to be, and when that changes. */
  readonly onRole?: (role: RoleOrder) => void;
  readonly signal: AbortSignal;
}

/** Starts the agent; see {@link startAgent} for what it throws. */
export async function startHostAgent(options: HostAgentOptions): Promise<Agent> {
  const { dataDir, identity, log } = options;
  // Restarts wait for times that were computed: a clock that is set back must not hold them up.
  const clock = new SteadyClock(options.clock);
  const folder = `${dataDir}/agent`;
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const runtimes = await offeredRuntimes(options);
  const kept = fileIdentity(folder);
  let memory: MemoryPlace | undefined;
  return await startAgent({
    ...options,
    config: options,
    runtimes,
    describe: (signal) => describeNode(runtimes, signal),
    connect: (address) => channelLink(openChannel(parseAddress(address))),
    identity: identity ? { load: () => Promise.resolve(identity), save: kept.save } : kept,
    state: fileState(folder, log),
    managers: fileManagers(folder, log),
    files: (nodeId) => {
      memory = findMemoryPlace({ nodeId });
      return new MountedFiles(memory, `${folder}/configs`);
    },
    probes: networkProbes,
    bootId: await readBootId(),
    clock,
    prng: new Prng(crypto.getRandomValues(new Uint32Array(1))[0] ?? 0),
    release: async () => {
      await memory?.release();
      for (const { runtime } of runtimes) await runtime[Symbol.asyncDispose]();
    },
  });
}

/** The node's own choice first: an engine where there is one, host processes always. */
async function offeredRuntimes(options: HostAgentOptions): Promise<OfferedRuntime[]> {
  const { runtime, dockerHost, dataDir, clock, log } = options;
  const address = dockerHost ?? DEFAULT_DOCKER_ADDRESS;
  const docker = (): OfferedRuntime => ({
    choice: "docker",
    runtime: createDockerRuntime({ address, clock }),
  });
  const process = async (): Promise<OfferedRuntime> => ({
    choice: "process",
    runtime: await ProcessRuntime.open({ dataDir: `${dataDir}/agent`, clock, log }),
  });
  switch (runtime) {
    case "none":
      return [];
    case "fake":
      return [{ choice: "docker", runtime: new FakeRuntime({ clock }) }];
    case "docker":
      return [docker()];
    case "process":
      return [await process()];
    case "auto":
      return dockerHost !== null || await hasSocket(address)
        ? [docker(), await process()]
        : [await process()];
  }
}

async function hasSocket(address: string): Promise<boolean> {
  const path = engineSocket(address);
  return path !== undefined && await Deno.stat(path).then(() => true, () => false);
}
