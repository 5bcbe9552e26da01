/**
 * A manager in memory for the tests of the agent: keeps what agents say, sends what a test wants.
 */
import { Buffer } from "node:buffer";
import { BoundedQueue, WarrenError } from "../../lib/mod.ts";
import { taskSpecToProto } from "../../rpc/convert/mod.ts";
import type {
  AssignedTask,
  Assignments,
  RelayOrder,
  RelayRequest,
  RelayResponse,
  RoleOrder,
  SessionRequest,
  SessionResponse,
  TaskStatus,
} from "../../rpc/gen/warren/v1/agent.ts";
import type { BidiCall } from "../../rpc/mod.ts";
import type { Assignment } from "../task/assignment.ts";
import type { Connect, ManagerLink } from "./link.ts";

/** The manager's end of a two-way call. */
export class TestCall<Request, Response> {
  readonly requests: Request[] = [];
  readonly signal: AbortSignal;
  hasEnded = false;
  readonly #responses = new BoundedQueue<Response>(10_000);
  #failure: WarrenError | undefined;

  constructor(signal: AbortSignal) {
    this.signal = signal;
    signal.addEventListener(
      "abort",
      () => this.fail(new WarrenError("ABORTED_BY_USER", "cancelled")),
    );
  }

  /** Sends to the agent. */
  send(response: Response): void {
    this.#responses.push(response);
  }

  /** Ends the call well. */
  close(): void {
    this.#responses.close();
  }

  /** Breaks the call. */
  fail(error: WarrenError): void {
    this.#failure ??= error;
    this.#responses.close();
  }

  /** The agent's end. */
  agentEnd(onRequest: (request: Request) => void, onEnd: () => void): BidiCall<Request, Response> {
    return {
      responses: this.#read(),
      write: (request) => {
        if (this.#failure) return Promise.reject(this.#failure);
        this.requests.push(request);
        onRequest(request);
        return Promise.resolve();
      },
      end: () => {
        this.hasEnded = true;
        onEnd();
      },
      cancel: () => this.fail(new WarrenError("ABORTED_BY_USER", "cancelled")),
    };
  }

  async *#read(): AsyncGenerator<Response> {
    yield* this.#responses;
    if (this.#failure) throw this.#failure;
  }
}

/** A manager that does what the test says. */
export class TestManager {
  readonly clusterId: string;
  /** Sessions in the order they were begun. */
  readonly sessions: TestCall<SessionRequest, SessionResponse>[] = [];
  readonly relays: TestCall<RelayRequest, RelayResponse>[] = [];
  readonly joins: string[] = [];
  /** Newest status of each task, as received. */
  readonly statuses = new Map<string, TaskStatus>();
  /** Every status as `id state`, in order. */
  readonly told: string[] = [];
  /** Refuses every call while set. */
  refusal: WarrenError | null = null;
  /** What its welcome says besides. */
  role: RoleOrder | undefined;
  managers: string[] = [];
  /** Says nothing more, though its connections stay open. */
  isSilent = false;
  /** Addresses that were dialled, in order. */
  readonly dialled: string[] = [];
  #sequence = 0;

  constructor(clusterId = "cluster1") {
    this.clusterId = clusterId;
  }

  /** How agents reach it. */
  readonly connect: Connect = (address): ManagerLink => ({
    join: (request) => {
      if (this.refusal) return Promise.reject(this.refusal);
      this.joins.push(`${request.name} ${request.token}`);
      const { clusterId } = this;
      return Promise.resolve({ nodeId: "node1", credential: "credential1", clusterId });
    },
    session: (signal) => {
      this.dialled.push(address);
      const call = new TestCall<SessionRequest, SessionResponse>(signal);
      if (this.refusal) call.fail(this.refusal);
      this.sessions.push(call);
      return call.agentEnd((request) => this.#onRequest(call, request), () => {});
    },
    relay: (signal) => {
      const call = new TestCall<RelayRequest, RelayResponse>(signal);
      this.relays.push(call);
      return call.agentEnd(() => {}, () => call.close());
    },
    close: () => {},
  });

  /** The newest session. */
  get session(): TestCall<SessionRequest, SessionResponse> {
    const session = this.sessions.at(-1);
    if (!session) throw new Error("no agent has begun a session");
    return session;
  }

  /** Sends assignments to the newest session. */
  assign(message: Partial<Assignments>): void {
    const value = { full: false, more: false, update: [], remove: [], ...message };
    const sequence = ++this.#sequence;
    this.session.send({ kind: { $case: "assignments", value: { ...value, sequence } } });
  }

  /** Asks the newest session for a relay. */
  order(kind: NonNullable<RelayOrder["kind"]>): void {
    this.session.send({
      kind: { $case: "relay", value: { relayId: `r${this.relays.length}`, kind } },
    });
  }

  #onRequest(call: TestCall<SessionRequest, SessionResponse>, { kind }: SessionRequest): void {
    if (this.isSilent) return;
    if (kind?.$case === "heartbeat" && this.role) {
      call.send({ kind: { $case: "heartbeat", value: {} } });
    }
    if (kind?.$case === "hello") {
      const { clusterId, role, managers } = this;
      const value = { clusterId, nodeName: "node", heartbeatIntervalMs: 2_000, role, managers };
      call.send({ kind: { $case: "welcome", value } });
    }
    if (kind?.$case !== "statuses") return;
    for (const status of kind.value.statuses) {
      this.statuses.set(status.taskId, status);
      this.told.push(`${status.taskId} ${status.state}`);
    }
  }
}

/** `assignment` as a manager sends it, with the status it has of the task. */
export function assignedMessage(assignment: Assignment, status?: TaskStatus): AssignedTask {
  const { id, serviceId, serviceName, slot, revision, desired, spec, volumes } = assignment;
  const file = ({ ref, data }: Assignment["secrets"][number]) => ({
    ref: { ...ref },
    data: Buffer.from(data ?? new Uint8Array()),
  });
  return {
    id,
    serviceId,
    serviceName,
    slot,
    revision,
    desiredState: desired,
    spec: taskSpecToProto(spec),
    secrets: assignment.secrets.map(file),
    configs: assignment.configs.map(file),
    volumes: volumes.map(({ name, driver, options }) => ({
      name,
      driver,
      options: { ...options },
    })),
    status,
  };
}
