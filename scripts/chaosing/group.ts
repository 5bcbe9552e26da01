/**
 * Three managers on loopback: started, joined, found out about, stopped.
 *
 * Made by a stage. It knows nothing of faults or load; everything it starts ends with it.
 */
import { until } from "../../tests/harness/warren.ts";
import { freePorts } from "../benching/ports.ts";
import { onInterrupt } from "./interrupts.ts";
import { Manager } from "./manager.ts";

/** How the managers of a group differ from plain ones. */
export interface GroupOptions {
  /** Further flags of every manager. */
  readonly flags?: readonly string[];
  /** Words before the program of the manager at `index`. */
  prefix?(index: number): readonly string[];
  env?(index: number, dir: string): Readonly<Record<string, string>>;
  /** Makes something of the manager's directory before its first start. */
  prepare?(index: number, dir: string): Promise<AsyncDisposable>;
}

const SIZE = 3;
const UP_MS = 60_000;

/** The managers. */
export class Group implements AsyncDisposable {
  readonly managers: readonly Manager[];
  readonly #stack: AsyncDisposableStack;

  private constructor(managers: readonly Manager[], stack: AsyncDisposableStack) {
    this.managers = managers;
    this.#stack = stack;
  }

  /** Starts all of them and waits until each is a voter. */
  static async start(options: GroupOptions = {}): Promise<Group> {
    await using stack = new AsyncDisposableStack();
    const root = await Deno.makeTempDir({ prefix: "warren-chaos-" });
    const remove = () => Deno.removeSync(root, { recursive: true });
    // Also what is about to start, and has nobody yet who would end it.
    const forget = onInterrupt(() => (killBelow(root), remove()));
    stack.defer(() => (forget(), remove()));
    const ports = freePorts(SIZE * 2);
    const managers: Manager[] = [];
    for (let index = 0; index < SIZE; index++) {
      const dir = `${root}/m${index}`;
      await Deno.mkdir(dir);
      if (options.prepare) stack.use(await options.prepare(index, dir));
      managers.push(stack.use(
        new Manager({
          name: `m${index}`,
          dir,
          apiPort: ports[index * 2] ?? 0,
          raftPort: ports[index * 2 + 1] ?? 0,
          flags: options.flags ?? [],
          prefix: options.prefix?.(index) ?? [],
          env: options.env?.(index, dir) ?? {},
        }),
      ));
    }
    const group = new Group(managers, stack.move());
    try {
      await group.#form();
      return group;
    } catch (error) {
      await group[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #form(): Promise<void> {
    const [first, ...rest] = this.managers;
    if (!first) return;
    await first.start(["cluster", "init", "--manager-only"]);
    for (const manager of rest) await this.join(manager, first);
    await this.untilLevel();
  }

  /** Starts `manager` with an empty directory as a new member, asking `through` for a token. */
  async join(manager: Manager, through: Manager): Promise<void> {
    const { token } = await through.daemon.json(["cluster", "join-token", "manager"]);
    const at = `127.0.0.1:${through.options.apiPort}`;
    await manager.start(["manager", "join", "--manager", at, "--token", token, "--manager-only"]);
  }

  /** Managers that run. */
  get running(): readonly Manager[] {
    return this.managers.filter(({ isRunning }) => isRunning);
  }

  /** All but `manager`. */
  others(manager: Manager): readonly Manager[] {
    return this.managers.filter((other) => other !== manager);
  }

  /** The manager that most of those asked take for the leader of the newest term, or undefined. */
  async findLeader(among: readonly Manager[] = this.running): Promise<Manager | undefined> {
    const infos = await Promise.all(among.map((manager) => manager.info()));
    const term = Math.max(...infos.map((info) => Number(info?.raft?.term ?? 0)));
    const votes = infos.filter((info) => Number(info?.raft?.term ?? -1) === term);
    const named = votes.find((info) => info?.leaderId)?.leaderId;
    const agreed = votes.filter((info) => info?.leaderId === named);
    if (!named || agreed.length * 2 <= among.length) return undefined;
    return this.managers.find(({ nodeId, isRunning }) => nodeId === named && isRunning);
  }

  /** The leader, waited for. */
  leader(among?: readonly Manager[]): Promise<Manager> {
    return until("a leader", () => this.findLeader(among), UP_MS);
  }

  /** Hands leadership to `manager` unless it has it. */
  async lead(manager: Manager): Promise<void> {
    await until(`${manager.name} to lead`, async () => {
      const leader = await this.leader();
      if (leader === manager) return true;
      await leader.daemon.run(["cluster", "transfer-leader", manager.nodeId]);
      return false;
    }, UP_MS);
  }

  /**
   * Waits until every manager runs, is a voter and reachable, and has applied what was committed
   * when the waiting began.
   */
  async untilLevel(timeoutMs = UP_MS): Promise<void> {
    const leader = await this.leader();
    const target = Number((await leader.info())?.raft?.commitIndex ?? 0);
    await until("every manager to be level", async () => {
      const infos = await Promise.all(this.running.map((manager) => manager.info()));
      const members = infos.find((info) => info?.managers.some(({ leader }) => leader))?.managers;
      const isWhole = members?.length === this.running.length &&
        members.every(({ voter, reachable }) => voter && reachable);
      return isWhole && infos.every((info) => {
        return info?.leaderId && Number(info.raft?.appliedIndex ?? 0) >= target;
      });
    }, timeoutMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Kills every process that was given a path below `root`, which is one of ours and random. */
function killBelow(root: string): void {
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === Deno.pid) continue;
    if (commandLineOf(name).includes(`${root}/`)) Deno.kill(Number(name), "SIGKILL");
  }
}

function commandLineOf(pid: string): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/cmdline`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return ""; // it has ended
    throw error;
  }
}
