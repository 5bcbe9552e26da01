/**
 * One session with one manager: hello and welcome, then assignments down, statuses and pulses up.
 *
 * Made by the loop in `session.ts`, which decides whom to ask next. Ends by throwing, whatever ended
 * it; nothing of it runs on after that.
 */
import { type Clock, sleep, TaskGroup, WarrenError } from "../../lib/mod.ts";
import type { NodeDescription } from "../../model/mod.ts";
import { descriptionToProto } from "../../rpc/convert/mod.ts";
import type {
  RelayOrder,
  RoleOrder,
  SessionRequest,
  SessionResponse,
  Welcome,
} from "../../rpc/gen/warren/v1/agent.ts";
import type { TaskStats } from "../../rpc/gen/warren/v1/task.ts";
import type { BidiCall } from "../../rpc/mod.ts";
import { AssignmentIntake, type IntakeParts } from "./assignments.ts";
import type { AgentIdentity } from "./identity.ts";
import type { ManagerLink } from "./link.ts";

/** What one session works with. */
export interface OneSessionParts extends IntakeParts {
  readonly identity: AgentIdentity;
  readonly labels: Readonly<Record<string, string>>;
  readonly describe: (signal: AbortSignal) => Promise<NodeDescription>;
  /** Carries out a relay order over the same link. */
  readonly relay: (order: RelayOrder, link: ManagerLink, signal: AbortSignal) => Promise<void>;
  /** Use of resources by running tasks, now. */
  readonly stats: (signal: AbortSignal) => Promise<TaskStats[]>;
  readonly clock: Clock;
  /** Called when the session begins and ends. */
  readonly onConnected: (isConnected: boolean) => void;
  /** What the managers want the node to be; told in every session, and when it changes. */
  readonly onRole: (role: RoleOrder) => void;
}

/** What the loop knows of the try. */
export interface SessionTry {
  /** Silence in answer to a hello after which the next manager is asked, in milliseconds. */
  readonly welcomeMs: number;
  readonly onWelcome: (welcome: Welcome) => void;
}

/** Silence in answer to a heartbeat after which the manager is given up, in milliseconds. */
const SILENCE_MS = 3_000;
const STATS_INTERVAL_MS = 10_000;
/** Relays at a time; one more is refused by not being taken up, and the manager tells its user. */
const MAX_RELAYS = 64;

/** A session over a link. Run it once. */
export class OneSession {
  readonly #parts: OneSessionParts;
  readonly #link: ManagerLink;
  readonly #try: SessionTry;
  readonly #intake: AssignmentIntake;
  readonly #broken = Promise.withResolvers<never>();
  readonly #group = new TaskGroup((_name, error) => this.#broken.reject(error));
  #relays = 0;
  /** Messages of the manager so far. */
  #heard = 0;
  /** Older managers say nothing to a heartbeat. */
  #answersPulses = false;

  constructor(parts: OneSessionParts, link: ManagerLink, attempt: SessionTry) {
    this.#parts = parts;
    this.#link = link;
    this.#try = attempt;
    this.#intake = new AssignmentIntake(parts);
    this.#broken.promise.catch(() => {}); // awaited below; it may break before that
  }

  /** Ends by throwing: what broke it, or the signal's reason. */
  async run(signal: AbortSignal): Promise<never> {
    const ended = new AbortController();
    const both = AbortSignal.any([signal, ended.signal]);
    const call = this.#link.session(both);
    const onAbort = () => this.#broken.reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([this.#hello(call, both), this.#broken.promise]);
    } finally {
      signal.removeEventListener("abort", onAbort);
      ended.abort(new DOMException("the session ended", "AbortError"));
      call.cancel();
      await this.#group.stop();
      this.#parts.onConnected(false);
    }
  }

  async #hello(
    call: BidiCall<SessionRequest, SessionResponse>,
    signal: AbortSignal,
  ): Promise<never> {
    const { identity, labels, clock, describe } = this.#parts;
    const { nodeId, credential } = identity;
    const description = descriptionToProto(await describe(signal));
    const cancel = clock.after(this.#try.welcomeMs, () => {
      this.#broken.reject(new WarrenError("DEADLINE_PASSED", "The manager does not answer"));
    });
    try {
      await call.write({
        kind: { $case: "hello", value: { nodeId, credential, labels: { ...labels }, description } },
      });
      for await (const message of call.responses) {
        cancel();
        this.#heard++;
        await this.#take(message, call);
      }
    } finally {
      cancel();
    }
    throw new WarrenError("CLUSTER_UNREACHABLE", "The manager ended the session");
  }

  async #take(
    message: SessionResponse,
    call: BidiCall<SessionRequest, SessionResponse>,
  ): Promise<void> {
    switch (message.kind?.$case) {
      case "welcome":
        return this.#welcome(message.kind.value, call);
      case "assignments": {
        this.#intake.take(message.kind.value);
        const { sequence } = message.kind.value;
        return await call.write({ kind: { $case: "acknowledged", value: sequence } });
      }
      case "relay":
        return this.#relay(message.kind.value);
      case "role":
        return this.#parts.onRole(message.kind.value);
      case "heartbeat":
        this.#answersPulses = true;
        return;
      case undefined: // of a newer manager; what is not understood changes nothing
        return;
    }
  }

  #welcome(welcome: Welcome, call: BidiCall<SessionRequest, SessionResponse>): void {
    const { identity, clock, reporter, log } = this.#parts;
    if (welcome.clusterId !== identity.clusterId) {
      throw new WarrenError(
        "NOT_PERMITTED",
        `The manager is of another cluster (${welcome.clusterId})`,
      );
    }
    this.#try.onWelcome(welcome);
    this.#parts.onConnected(true);
    // Managers that know of roles answer heartbeats.
    this.#answersPulses = welcome.role !== undefined;
    if (welcome.role) this.#parts.onRole(welcome.role);
    log.info("session with a manager", { component: "agent", node_name: welcome.nodeName });
    const write = (kind: SessionRequest["kind"]) => call.write({ kind });
    this.#group.run("heartbeat", async (signal) => {
      while (true) {
        await sleep(clock, Math.max(100, welcome.heartbeatIntervalMs), signal);
        await this.#pulse(() => write({ $case: "heartbeat", value: {} }), signal);
      }
    });
    this.#group.run(
      "statuses",
      (signal) =>
        reporter.run((statuses) => write({ $case: "statuses", value: { statuses } }), signal),
    );
    this.#group.run("stats", async (signal) => {
      while (true) {
        await sleep(clock, STATS_INTERVAL_MS, signal);
        const stats = await this.#parts.stats(signal);
        if (stats.length > 0) await write({ $case: "stats", value: { stats } });
      }
    });
  }

  /**
   * Sends a heartbeat. A manager that says nothing at all until its answer is overdue stands still or
   * is cut off, which an open connection does not tell for long.
   */
  async #pulse(write: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    const before = this.#heard;
    const cancel = clock.after(SILENCE_MS, () => {
      signal.removeEventListener("abort", cancel);
      if (!this.#answersPulses || this.#heard > before) return;
      this.#broken.reject(new WarrenError("DEADLINE_PASSED", "The manager has fallen silent"));
    });
    signal.addEventListener("abort", cancel, { once: true });
    await write();
  }

  #relay(order: RelayOrder): void {
    if (this.#relays >= MAX_RELAYS) return;
    this.#relays++;
    this.#group.run("relay", async (signal) => {
      try {
        await this.#parts.relay(order, this.#link, signal);
      } finally {
        this.#relays--;
      }
    });
  }
}
