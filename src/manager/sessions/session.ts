/**
 * One agent's session on the manager's side: pushes assignments, takes in what the agent says.
 *
 * Two loops share it: the reader hands messages to the sink, the writer sends the full set and then
 * differences, woken by the change feed. The session decides nothing about tasks.
 */
import { type Log, WarrenError } from "../../lib/mod.ts";
import type { NodeId } from "../../model/mod.ts";
import type {
  AssignedTask,
  RelayOrder,
  RoleOrder,
  SessionRequest,
  SessionResponse,
} from "../../rpc/gen/warren/v1/agent.ts";
import type { Change, ChangeSet, StateView } from "../../store/mod.ts";
import { assignedTask, type OpenSecret } from "./assigned_task.ts";
import { AssignmentDiff } from "./assignment_diff.ts";

/** Tasks in one assignments message. */
const BATCH_TASKS = 100;
/** Bytes of secrets and configs in one message; a single task may have more. */
const MESSAGE_FILE_BYTES = 2 * 1024 * 1024;
/** Relay orders that wait to be sent. */
const MAX_ORDERS = 200;

/** The stream of one session. */
export interface SessionStream {
  readonly messages: AsyncIterable<SessionRequest>;
  /** Resolves when the transport can take more. */
  send(message: SessionResponse): Promise<void>;
  readonly signal: AbortSignal;
}

/** What a session works with. */
export interface SessionParts {
  readonly nodeId: NodeId;
  readonly view: StateView;
  readonly openSecret: OpenSecret;
  /** What the node is to be, as of now. */
  readonly role: () => Promise<RoleOrder | undefined>;
  readonly log: Log;
}

/** The manager's side of one agent's connection. */
export class Session {
  readonly nodeId: NodeId;
  readonly #parts: SessionParts;
  readonly #stream: SessionStream;
  readonly #diff: AssignmentDiff;
  readonly #orders: RelayOrder[] = [];
  #isPulseDue = false;
  readonly #ended = new AbortController();
  #isRoleNew = false;
  #wake: () => void = () => {};
  #sequence = 0;
  #acknowledged = 0;

  constructor(parts: SessionParts, stream: SessionStream) {
    this.nodeId = parts.nodeId;
    this.#parts = parts;
    this.#stream = stream;
    this.#diff = new AssignmentDiff(parts.nodeId);
    stream.signal.addEventListener("abort", () => this.end(stream.signal.reason), { once: true });
  }

  /** Aborted when the session is over, with the reason. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** The last assignment message that the agent said it took over. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** The agent took over everything up to `sequence`. */
  acknowledge(sequence: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, Math.min(sequence, this.#sequence));
  }

  /** Ends both loops; idempotent. */
  end(reason: unknown): void {
    if (!this.#ended.signal.aborted) this.#ended.abort(reason);
    this.#wake();
  }

  /** Called within the apply turn for each change. */
  note(set: ChangeSet): void {
    if (set.changes.some((change) => isOtherRole(change, this.nodeId))) this.#isRoleNew = true;
    if (this.#diff.note(set) || this.#isRoleNew) this.#wake();
  }

  /** Queues a relay order. @throws WarrenError TOO_MANY at the bound */
  order(order: RelayOrder): void {
    if (this.#orders.length >= MAX_ORDERS) {
      throw new WarrenError("TOO_MANY", "Cannot reach into a task: its node has too many requests");
    }
    this.#orders.push(order);
    this.#wake();
  }

  /** Answers a heartbeat; several that wait get one answer. */
  answerPulse(): void {
    this.#isPulseDue = true;
    this.#wake();
  }

  /** Sends the full set, then differences, until the session ends. */
  async push(): Promise<void> {
    this.#diff.markAll(this.#parts.view);
    await this.#sendFull();
    while (!this.signal.aborted) {
      await this.#sendQueued();
      await this.#sendRole();
      if (this.#diff.isPending) await this.#sendAssignments(false);
      else if (!this.#hasQueued) await this.#idle();
    }
  }

  get #hasQueued(): boolean {
    return this.#orders.length > 0 || this.#isRoleNew || this.#isPulseDue;
  }

  /** Replaces everything the agent knows; at least one message, even when there is no task. */
  async #sendFull(): Promise<void> {
    do await this.#sendAssignments(true); while (this.#diff.isPending && !this.signal.aborted);
  }

  async #sendAssignments(full: boolean): Promise<void> {
    const { update, remove } = this.#diff.take(this.#parts.view, BATCH_TASKS);
    if (!full && update.length + remove.length === 0) return;
    const tasks = await Promise.all(update.map((task) => assignedTask(task, this.#parts)));
    const messages = splitBySize(tasks);
    for (const [at, part] of messages.entries()) {
      const isLast = at === messages.length - 1;
      const more = full && (!isLast || this.#diff.isPending);
      const gone = isLast ? [...remove] : [];
      const value = { sequence: ++this.#sequence, full, more, update: part, remove: gone };
      await this.#send({ $case: "assignments", value });
    }
  }

  async #sendQueued(): Promise<void> {
    if (this.#isPulseDue) {
      this.#isPulseDue = false;
      await this.#send({ $case: "heartbeat", value: {} });
    }
    for (let order = this.#orders.shift(); order; order = this.#orders.shift()) {
      await this.#send({ $case: "relay", value: order });
    }
  }

  async #sendRole(): Promise<void> {
    if (!this.#isRoleNew) return;
    this.#isRoleNew = false;
    const value = await this.#parts.role();
    if (value) await this.#send({ $case: "role", value });
  }

  /** Nothing goes to a stream whose session is over: another one may have taken its place. */
  async #send(kind: SessionResponse["kind"]): Promise<void> {
    this.signal.throwIfAborted();
    await this.#stream.send({ kind });
  }

  async #idle(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.signal.aborted) resolve();
    });
    this.#wake = () => {};
  }
}

/** Whether `change` makes something else of the node: a promotion or demotion, asked for or done. */
function isOtherRole(change: Change, nodeId: NodeId): boolean {
  if (change.table !== "nodes" || change.after?.id !== nodeId || !change.before) return false;
  const { before, after } = change;
  return before.role !== after.role || before.memberId !== after.memberId;
}

/** Groups tasks so that the files of one message stay near the bound; at least one group. */
function splitBySize(tasks: readonly AssignedTask[]): AssignedTask[][] {
  const groups: AssignedTask[][] = [[]];
  let sizeBytes = 0;
  for (const task of tasks) {
    const taskBytes = [...task.secrets, ...task.configs].reduce((sum, f) => sum + f.data.length, 0);
    if (sizeBytes > 0 && sizeBytes + taskBytes > MESSAGE_FILE_BYTES) {
      groups.push([]);
      sizeBytes = 0;
    }
    groups.at(-1)?.push(task);
    sizeBytes += taskBytes;
  }
  return groups;
}
