/**
 * The agent put together: identity, memory, task runner and session, and how it is stopped.
 *
 * The daemon calls it on every node that runs tasks. Everything that touches the world comes in, so
 * that the simulator can run a hundred of them in one process. Stopping it stops no container.
 */
import {
  type Clock,
  type Log,
  type Metrics,
  type Prng,
  TaskGroup,
  WarrenError,
} from "../lib/mod.ts";
import type { NodeDescription, NodeId } from "../model/mod.ts";
import type { RoleOrder } from "../rpc/gen/warren/v1/agent.ts";
import type { TaskFiles } from "./files/task_files.ts";
import { StateSaver, type StateStore } from "./local_state.ts";
import type { ProbeIo } from "./probe/probe_io.ts";
import { type AgentIdentity, type IdentityStore, joinCluster } from "./session/identity.ts";
import type { Connect } from "./session/link.ts";
import { ManagerList } from "./session/manager_list.ts";
import { type ManagerMemory, memoryManagers } from "./session/manager_memory.ts";
import { runRelay } from "./session/relay.ts";
import { StatusReporter } from "./session/reporter.ts";
import { runSession } from "./session/session.ts";
import { readStats } from "./session/stats.ts";
import type { OfferedRuntime } from "./task/offer.ts";
import { TaskRunner } from "./task/task_runner.ts";

/** What the operator decided. */
export interface AgentConfig {
  /** Addresses of managers, asked in turn; at least one. Those that managers tell of come besides. */
  readonly managers: readonly string[];
  readonly nodeName: string;
  readonly labels: Readonly<Record<string, string>>;
  /** For the first start; null when the node has joined before. */
  readonly token: string | null;
}

/** The world as the agent sees it. */
export interface AgentParts {
  readonly config: AgentConfig;
  /** The node's own choice for `auto` first. */
  readonly runtimes: readonly OfferedRuntime[];
  /** What to say of the machine; asked when joining and at the beginning of each session. */
  readonly describe: (signal: AbortSignal) => Promise<NodeDescription>;
  readonly connect: Connect;
  readonly identity: IdentityStore;
  readonly state: StateStore;
  /** Remembers where managers are; without it a restart knows only what it is given. */
  readonly managers?: ManagerMemory;
  /** Called in every session with what the managers want the node to be, and when that changes. */
  readonly onRole?: (role: RoleOrder) => void;
  /** Made once the node's id is known. */
  readonly files: (nodeId: NodeId) => TaskFiles;
  readonly probes: ProbeIo;
  /** What the kernel calls this start of the machine. */
  readonly bootId: string;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Aborting gives up a start that waits for a manager. */
  readonly signal: AbortSignal;
  /** Called last when the agent is disposed: gives back what it was given. */
  readonly release?: () => Promise<void>;
}

/** A running agent; disposing it leaves its containers running. */
export interface Agent extends AsyncDisposable {
  readonly nodeId: NodeId;
  /** Whether it has a session with a manager now. */
  readonly isConnected: boolean;
  /** Where managers are, as far as this node knows. */
  readonly managers: readonly string[];
  /** Resolves when the first session began. */
  readonly connected: Promise<void>;
  /** Why a runtime does not answer, or "". */
  readonly trouble: string;
  /** Why what must outlive this process cannot be saved, or "". */
  readonly memoryTrouble: string;
  /** Settles when the node was removed from the cluster and nothing of its tasks is left here. */
  readonly failed: Promise<WarrenError>;
  /** One line for each task, for tests and debugging. */
  describe(): string;
}

/**
 * Joins if it must, takes up what ran before, and keeps a session with some manager.
 *
 * @throws WarrenError TOKEN_REFUSED and what else a manager refuses for good; DATA_CORRUPT; USAGE when
 *   it has not joined before and has no token
 */
export async function startAgent(parts: AgentParts): Promise<Agent> {
  const identity = await parts.identity.load() ?? await join(parts);
  const log = parts.log.child({ node_id: identity.nodeId });
  const memory = parts.managers ?? memoryManagers();
  const managers = new ManagerList(parts.config.managers, await memory.load());
  const agent = new RunningAgent({ ...parts, log, managers: memory }, identity, managers);
  await agent.start();
  return agent;
}

async function join(parts: AgentParts): Promise<AgentIdentity> {
  const { config, signal } = parts;
  if (config.token === null) {
    throw new WarrenError("USAGE", "Cannot join: this node has no join token", {
      hint: 'run "warren cluster join-token worker" on a manager',
    });
  }
  const description = await parts.describe(signal);
  const { managers, nodeName, labels, token } = config;
  const joined = await joinCluster({ ...parts, managers, nodeName, labels, token, description });
  await parts.identity.save(joined);
  return joined;
}

class RunningAgent implements Agent {
  readonly nodeId: NodeId;
  readonly #parts: AgentParts;
  readonly #identity: AgentIdentity;
  readonly #managers: ManagerList;
  readonly #reporter: StatusReporter;
  readonly #connected = Promise.withResolvers<void>();
  readonly #group: TaskGroup;
  readonly #saver: StateSaver;
  readonly #failed = Promise.withResolvers<WarrenError>();
  #runner: TaskRunner | undefined;
  #isConnected = false;
  #removed: WarrenError | undefined;

  constructor(parts: AgentParts, identity: AgentIdentity, managers: ManagerList) {
    this.#parts = parts;
    this.#managers = managers;
    this.#identity = identity;
    this.nodeId = identity.nodeId;
    this.#reporter = new StatusReporter(parts.clock);
    this.#saver = new StateSaver(parts.state, () => this.#collect(), parts);
    this.#group = new TaskGroup((work, error) => {
      parts.log.error("background work failed", { component: "agent", work, error: String(error) });
    });
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  get managers(): readonly string[] {
    return this.#managers.addresses;
  }

  get connected(): Promise<void> {
    return this.#connected.promise;
  }

  get trouble(): string {
    return this.#runner?.trouble ?? "";
  }

  get memoryTrouble(): string {
    return this.#saver.trouble;
  }

  get failed(): Promise<WarrenError> {
    return this.#failed.promise;
  }

  describe(): string {
    return [...this.#runner?.actors() ?? []].map((actor) => actor.describe()).sort().join("\n");
  }

  /** Takes up the remembered tasks and begins to work. */
  async start(): Promise<void> {
    const { state, bootId } = this.#parts;
    const remembered = await state.load();
    const isRebooted = remembered !== undefined && remembered.bootId !== bootId;
    const runner = this.#newRunner(isRebooted);
    this.#runner = runner;
    for (const { assignment, sequence } of remembered?.tasks ?? []) {
      this.#reporter.reached(assignment.id, sequence);
    }
    runner.restore(remembered?.tasks ?? []);
    runner.start();
    this.#group.run("memory", (signal) => this.#saver.run(signal));
    this.#group.run("session", (signal) => this.#session(runner, signal));
  }

  #newRunner(isRebooted: boolean): TaskRunner {
    const { files, probes, clock, prng, log, metrics, runtimes } = this.#parts;
    const { clusterId, nodeId } = this.#identity;
    return new TaskRunner({
      runtimes,
      owner: { clusterId, nodeId },
      files: files(nodeId),
      probes,
      clock,
      prng,
      log,
      metrics,
      isRebooted,
      onStatus: (id, status) => this.#reporter.note(id, status),
      onForgotten: (id) => {
        this.#reporter.forget(id);
        this.#maybeFail();
      },
      onChange: () => this.#saver.note(),
    });
  }

  #session(runner: TaskRunner, signal: AbortSignal): Promise<void> {
    const { config, log, clock } = this.#parts;
    const identity = this.#identity;
    return runSession({
      ...this.#parts,
      managers: this.#managers,
      onManagers: () => this.#group.run("managers", () => this.#rememberManagers()),
      onRole: (role) => this.#parts.onRole?.(role),
      labels: config.labels,
      identity,
      runner,
      reporter: this.#reporter,
      relay: (order, link, ended) =>
        runRelay({ identity, find: (id) => runner.find(id), log }, order, { link, signal: ended }),
      stats: (ended) => readStats(runner.actors(), { clock, log, signal: ended }),
      onConnected: (isConnected) => {
        this.#isConnected = isConnected;
        if (isConnected) this.#connected.resolve();
      },
      onRemoved: (removed) => this.#leave(runner, removed),
    }, signal);
  }

  /** Told anew in every session, so what cannot be written now is lost for one run at most. */
  async #rememberManagers(): Promise<void> {
    try {
      await this.#parts.managers?.save(this.#managers.told);
    } catch (thrown) {
      const { message } = WarrenError.from(thrown, "Cannot remember where managers are");
      this.#parts.log.warn(message, { component: "agent" });
    }
  }

  /** The managers do not want this node any more: no task of theirs may run on here. */
  #leave(runner: TaskRunner, removed: WarrenError): void {
    this.#parts.log.error("this node was removed from the cluster and ends its tasks", {
      component: "agent",
    });
    this.#removed = removed;
    runner.completeFullSet(new Set());
    this.#maybeFail();
  }

  /** It is over when the last task is gone. */
  #maybeFail(): void {
    const isEmpty = this.#runner?.remember().length === 0;
    if (this.#removed && isEmpty && this.describe() === "") this.#failed.resolve(this.#removed);
  }

  #collect() {
    const tasks = [...this.#runner?.remember() ?? []].map((task) => ({
      ...task,
      sequence: this.#reporter.sequenceOf(task.assignment.id),
    }));
    return { bootId: this.#parts.bootId, tasks };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#runner?.stop();
    await this.#group.stop();
    await this.#parts.release?.();
  }
}
