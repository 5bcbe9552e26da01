/**
 * The agent's connection to the managers: says hello, takes assignments, sends statuses and pulses.
 *
 * It reconnects for ever, to any of the managers, with a growing and jittered pause. What runs on
 * this node does not depend on it: losing the connection changes nothing but what is told.
 */
import {
  backoffDelayMs,
  type Clock,
  type Prng,
  RECONNECT_BACKOFF,
  sleep,
  TaskGroup,
  WarrenError,
} from "../../lib/mod.ts";
import type { NodeDescription } from "../../model/mod.ts";
import { descriptionToProto } from "../../rpc/convert/mod.ts";
import type {
  RelayOrder,
  SessionRequest,
  SessionResponse,
  Welcome,
} from "../../rpc/gen/warren/v1/agent.ts";
import type { TaskStats } from "../../rpc/gen/warren/v1/task.ts";
import type { BidiCall } from "../../rpc/mod.ts";
import { AssignmentIntake, type IntakeParts } from "./assignments.ts";
import type { AgentIdentity } from "./identity.ts";
import type { Connect, ManagerLink } from "./link.ts";

/** What a session works with. */
export interface SessionParts extends IntakeParts {
  readonly connect: Connect;
  readonly managers: readonly string[];
  readonly identity: AgentIdentity;
  readonly labels: Readonly<Record<string, string>>;
  readonly describe: (signal: AbortSignal) => Promise<NodeDescription>;
  /** Carries out a relay order over the same link. */
  readonly relay: (order: RelayOrder, link: ManagerLink, signal: AbortSignal) => Promise<void>;
  /** Use of resources by running tasks, now. */
  readonly stats: (signal: AbortSignal) => Promise<TaskStats[]>;
  readonly clock: Clock;
  readonly prng: Prng;
  /** Called when the session begins and ends. */
  readonly onConnected: (isConnected: boolean) => void;
  /** The managers removed this node: there will be no further session. */
  readonly onRemoved: (removed: WarrenError) => void;
}

/** Silence in answer to a hello after which the next manager is asked. */
const WELCOME_TIMEOUT_MS = 10_000;
const STATS_INTERVAL_MS = 10_000;
/** A session that lasted this long worked: what broke it is no reason to wait with the next one. */
const STEADY_SESSION_MS = 2_000;
/** Relays at a time; one more is refused by not being taken up, and the manager tells its user. */
const MAX_RELAYS = 64;

/** Keeps a session with some manager until aborted, or until the node was removed. */
export async function runSession(parts: SessionParts, signal: AbortSignal): Promise<void> {
  const { clock, prng, managers } = parts;
  let failures = 0;
  let told = "";
  let { labels } = parts;
  for (let tries = 0; !signal.aborted; tries++) {
    const address = managers[tries % managers.length] ?? "";
    let welcomeMs = Infinity;
    const onWelcome = () => welcomeMs = clock.monoNow();
    const error = await endOfSession({ ...parts, labels }, { address, onWelcome }, signal);
    if (signal.aborted) return;
    if (error.reason === "NODE_REMOVED") return parts.onRemoved(error);
    const wasWelcome = welcomeMs !== Infinity;
    if (wasWelcome) labels = {}; // told once: what operators change meanwhile is not undone
    if (wasWelcome || error.message !== told) {
      const fields = { component: "agent", address, error: error.message };
      parts.log.warn("no session with a manager", fields);
    }
    told = error.message;
    if (wasWelcome && clock.monoNow() - welcomeMs >= STEADY_SESSION_MS) failures = 0;
    const delayMs = backoffDelayMs(RECONNECT_BACKOFF, failures++, prng.float());
    await sleep(clock, delayMs, signal).catch(() => {});
  }
}

/** Has one session with the manager at `address`; answers with what ended it. */
async function endOfSession(
  parts: SessionParts,
  { address, onWelcome }: { readonly address: string; readonly onWelcome: () => void },
  signal: AbortSignal,
): Promise<WarrenError> {
  try {
    const link = parts.connect(address);
    try {
      return await new OneSession(parts, link, onWelcome).run(signal);
    } finally {
      link.close();
    }
  } catch (thrown) {
    return WarrenError.from(thrown, "The session ended");
  }
}

class OneSession {
  readonly #parts: SessionParts;
  readonly #link: ManagerLink;
  readonly #onWelcome: () => void;
  readonly #intake: AssignmentIntake;
  readonly #broken = Promise.withResolvers<never>();
  readonly #group = new TaskGroup((_name, error) => this.#broken.reject(error));
  #relays = 0;

  constructor(parts: SessionParts, link: ManagerLink, onWelcome: () => void) {
    this.#parts = parts;
    this.#link = link;
    this.#onWelcome = onWelcome;
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
    const cancel = clock.after(WELCOME_TIMEOUT_MS, () => {
      this.#broken.reject(new WarrenError("DEADLINE_PASSED", "The manager does not answer"));
    });
    try {
      await call.write({
        kind: { $case: "hello", value: { nodeId, credential, labels: { ...labels }, description } },
      });
      for await (const message of call.responses) {
        cancel();
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
    this.#onWelcome();
    this.#parts.onConnected(true);
    log.info("session with a manager", { component: "agent", node_name: welcome.nodeName });
    const write = (kind: SessionRequest["kind"]) => call.write({ kind });
    this.#group.run("heartbeat", async (signal) => {
      while (true) {
        await sleep(clock, Math.max(100, welcome.heartbeatIntervalMs), signal);
        await write({ $case: "heartbeat", value: {} });
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
