/**
 * Managers that also run tasks, on ports of their own that stay, for tests that kill and restart them.
 *
 * Used by `tests/e2e/manager_*_test.ts`. Tasks are host processes. `await using` kills what still runs
 * and removes every directory.
 */
import { freePorts } from "../../scripts/benching/ports.ts";
import { type Finished, runWarren, until, WarrenDaemon } from "./warren.ts";

/** A node of a group: its directory and ports stay, its process comes and goes. */
export class GroupNode {
  readonly name: string;
  readonly dir: string;
  readonly #ports: readonly number[];
  #daemon: WarrenDaemon | null = null;

  constructor(name: string, dir: string) {
    this.name = name;
    this.dir = dir;
    this.#ports = freePorts(3);
  }

  /** Where commands and agents find it. */
  get api(): string {
    return `127.0.0.1:${this.#ports[0]}`;
  }

  /** Its metrics, health and readiness. */
  get metrics(): string {
    return `http://127.0.0.1:${this.#ports[2]}`;
  }

  get isRunning(): boolean {
    return this.#daemon !== null;
  }

  /** @throws Error when it does not run */
  get daemon(): WarrenDaemon {
    if (!this.#daemon) throw new Error(`${this.name} does not run`);
    return this.#daemon;
  }

  /** Flags of its first start; later ones remember them. */
  get flags(): readonly string[] {
    const [api, raft, metrics] = this.#ports;
    return [
      ...["--node-name", this.name, "--runtime", "process", "--log-level", "info"],
      ...["--listen-addr", `127.0.0.1:${api}`, "--raft-addr", `127.0.0.1:${raft}`],
      ...["--metrics-addr", `127.0.0.1:${metrics}`],
      // Nothing here measures failover: a busy machine must not cost a leader its place.
      ...["--heartbeat-timeout", "1500ms", "--election-timeout", "1500ms"],
      ...["--leader-lease-timeout", "1s"],
    ];
  }

  /** Starts it; without words it resumes. @throws Error with its log when it ends before it is ready */
  async start(...command: readonly string[]): Promise<void> {
    this.#daemon = await WarrenDaemon.start({
      command: command.length > 0 ? command : ["daemon"],
      dir: this.dir,
      flags: this.flags,
    });
  }

  /** Ends its process and waits for that; gives the exit code. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<number> {
    const { daemon } = this;
    this.#daemon = null;
    return await daemon.kill(signal);
  }

  /** Runs a command against it alone, over TCP. */
  run(...args: readonly string[]): Promise<Finished> {
    return runWarren(args, { env: { WARREN_HOST: this.api } });
  }

  /** Runs a command that must succeed, and parses its JSON. */
  // deno-lint-ignore no-explicit-any
  async json(...args: readonly string[]): Promise<any> {
    return JSON.parse(await this.ok(...args, "-o", "json"));
  }

  /** Runs a command that must succeed; gives what it printed. */
  async ok(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    if (code !== 0) throw new Error(`${this.name}: warren ${args.join(" ")}: ${code}\n${stderr}`);
    return stdout;
  }
}

/** What `cluster info` says of a manager. */
export interface MemberLine {
  readonly name: string;
  readonly voter: boolean;
  readonly leader: boolean;
  readonly reachable: boolean;
}

/** Nodes of one cluster. */
export class NodeGroup implements AsyncDisposable {
  readonly root: string;
  readonly nodes: GroupNode[] = [];

  private constructor(root: string) {
    this.root = root;
  }

  /** A cluster of the managers `names`, each with a vote. */
  static async start(...names: readonly string[]): Promise<NodeGroup> {
    const group = new NodeGroup(await Deno.makeTempDir({ prefix: "warren-managers-" }));
    try {
      const [first = "", ...rest] = names;
      const founder = await group.make(first);
      await founder.start("cluster", "init");
      const token = await group.token("manager");
      for (const name of rest) {
        const node = await group.make(name);
        await node.start("manager", "join", "--manager", founder.api, "--token", token);
      }
      await group.untilWhole();
      return group;
    } catch (error) {
      await group[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A node with an empty directory that was not started. */
  async make(name: string): Promise<GroupNode> {
    const dir = `${this.root}/${name}`;
    await Deno.mkdir(dir);
    const node = new GroupNode(name, dir);
    this.nodes.push(node);
    return node;
  }

  /** A new worker, up. */
  async addWorker(name: string): Promise<GroupNode> {
    const worker = await this.make(name);
    const token = await this.token("worker");
    const managers = this.running.map(({ api }) => api).join(",");
    await worker.start("worker", "start", "--manager", managers, "--token", token);
    return worker;
  }

  /** Nodes with a process, but `worker`s before their promotion answer no command. */
  get running(): readonly GroupNode[] {
    return this.nodes.filter(({ isRunning }) => isRunning);
  }

  /** @throws Error when there is no node of that name */
  get(name: string): GroupNode {
    const node = this.nodes.find((node) => node.name === name);
    if (!node) throw new Error(`there is no node ${name}`);
    return node;
  }

  async token(role: "worker" | "manager"): Promise<string> {
    const [node] = this.running;
    if (!node) throw new Error("no node runs");
    return (await node.ok("cluster", "join-token", role, "-q")).trim();
  }

  /** The managers as `from` sees them. */
  async members(from = this.#any()): Promise<readonly MemberLine[]> {
    return (await from.json("cluster", "info")).managers;
  }

  /** The leader, as soon as `from` knows one that runs. */
  async leader(from?: GroupNode): Promise<GroupNode> {
    return await until("a leader", async () => {
      const leader = (await this.members(from)).find(({ leader }) => leader);
      return leader && this.running.find(({ name }) => name === leader.name);
    });
  }

  /** A manager that runs and does not lead. */
  async follower(): Promise<GroupNode> {
    const leader = await this.leader();
    const names = (await this.members(leader)).map(({ name }) => name);
    const found = this.running.find((node) => node !== leader && names.includes(node.name));
    if (!found) throw new Error("there is no follower");
    return found;
  }

  /** Waits until each of `names`, all nodes unless given, is a reachable manager with a vote. */
  async untilWhole(names = this.nodes.map(({ name }) => name)): Promise<void> {
    const wanted = [...names].sort().join(" ");
    const node = this.nodes.find(({ name, isRunning }) => isRunning && names.includes(name));
    await until(`managers ${wanted}`, async () => {
      const members = await this.members(node);
      const good = members.filter(({ voter, reachable }) => voter && reachable);
      const isLed = members.some(({ leader }) => leader);
      return isLed && members.length === good.length &&
        good.map(({ name }) => name).sort().join(" ") === wanted;
    });
  }

  /** Waits until no session of `name` is left, as `from` sees it: then it may be removed. */
  async untilGone(name: string, from: GroupNode): Promise<void> {
    await until(`${name} to be gone`, async () => {
      const members = await this.members(from);
      const isReachable = members.some((member) => member.name === name && member.reachable);
      return !isReachable && (await from.json("node", "inspect", name)).status !== "ready";
    });
  }

  /** Waits until every node is ready, as `from` sees it. */
  async untilReady(from = this.#any()): Promise<void> {
    await until("every node to be ready", async () => {
      const nodes: readonly { status: string }[] = await from.json("node", "list");
      return nodes.every(({ status }) => status === "ready");
    });
  }

  #any(): GroupNode {
    const [node] = this.running;
    if (!node) throw new Error("no node runs");
    return node;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#removeServices();
    await Promise.all(this.running.map((node) => node.end("SIGKILL")));
    await Deno.remove(this.root, { recursive: true });
  }

  /** Host processes outlive their manager: they are killed by what marks them as this group's. */
  async #removeServices(): Promise<void> {
    for (const node of this.nodes) await killTasksOf(node.dir);
  }
}

/** Kills the supervisors and processes of the tasks below `dir`. */
async function killTasksOf(dir: string): Promise<void> {
  for await (const { name: pid } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(pid) || !isBelow(dir, pid)) continue;
    try {
      Deno.kill(Number(pid), "SIGKILL");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound) && !(error instanceof TypeError)) throw error;
    }
  }
}

/** Whether the process works for a task below `dir`: its supervisor names it, the task has it as root. */
function isBelow(dir: string, pid: string): boolean {
  const marked = `${dir}/data/agent/process/`;
  try {
    const command = Deno.readTextFileSync(`/proc/${pid}/cmdline`);
    return command.includes(marked) ||
      Deno.readTextFileSync(`/proc/${pid}/environ`).includes(`WARREN_ROOT=${marked}`);
  } catch {
    return false; // it has ended, or is another user's
  }
}
