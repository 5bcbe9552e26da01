/**
 * Carries out a manager's order to read a task's output or to run a command in it.
 *
 * Opens a relay stream, then copies one way (logs) or both (exec). A failure is the stream's last
 * message. Following goes on over restarts of the task, until it has ended or nobody listens.
 */
import { Buffer } from "node:buffer";
import { type Log, WarrenError } from "../../lib/mod.ts";
import { asId, isTerminal, type TaskId } from "../../model/mod.ts";
import type {
  RelayExec,
  RelayLogs,
  RelayOrder,
  RelayRequest,
  RelayResponse,
} from "../../rpc/gen/warren/v1/agent.ts";
import type { ExecRequest, ExecResponse } from "../../rpc/gen/warren/v1/task.ts";
import type { BidiCall } from "../../rpc/mod.ts";
import type { ExecSession, LogLine } from "../runtime/runtime.ts";
import type { Actor } from "../task/actor.ts";
import { stateOf } from "../task/task_status.ts";
import type { AgentIdentity } from "./identity.ts";
import type { ManagerLink } from "./link.ts";

type RelayCall = BidiCall<RelayRequest, RelayResponse>;

/** What relays work with. */
export interface RelayParts {
  readonly identity: AgentIdentity;
  readonly find: (id: TaskId) => Actor | undefined;
  readonly log: Log;
}

/** Carries `order` out; returns when it is over. Never throws for a fault of the task or the engine. */
export async function runRelay(
  parts: RelayParts,
  order: RelayOrder,
  { link, signal }: { readonly link: ManagerLink; readonly signal: AbortSignal },
): Promise<void> {
  const over = new AbortController();
  const call = link.relay(signal);
  const relay: Relay = {
    call,
    signal: AbortSignal.any([signal, over.signal]),
    session: Promise.withResolvers(),
    carriedOut: Promise.withResolvers(),
  };
  const reading = readInput(relay).finally(() =>
    over.abort(new DOMException("over", "AbortError"))
  );
  const { nodeId, credential } = parts.identity;
  try {
    await call.write({
      kind: { $case: "open", value: { relayId: order.relayId, nodeId, credential } },
    });
    await runOrder(parts, order, relay);
  } catch (thrown) {
    if (!relay.signal.aborted) await tellFailure(call, thrown, parts.log);
  } finally {
    relay.carriedOut.resolve();
    call.end();
    await reading; // the manager ends the call when it has read everything
    call.cancel();
  }
}

/** One order under way. */
interface Relay {
  readonly call: RelayCall;
  /** Aborted when the manager ended the call: nobody listens any more. */
  readonly signal: AbortSignal;
  /** The command that takes input, once it runs. */
  readonly session: PromiseWithResolvers<ExecSession>;
  /** Settles when there is nobody left to take input: then it is read and dropped. */
  readonly carriedOut: PromiseWithResolvers<void>;
}

/** Reads what the manager sends until it ends the call; that it broke means the same. */
async function readInput(relay: Relay): Promise<void> {
  const { call, carriedOut } = relay;
  try {
    for await (const { kind } of call.responses) {
      // A command that has closed its input runs on: what it does not want is dropped.
      const taken = kind && takeInput(relay, kind.value).catch(() => {});
      await Promise.race([taken, carriedOut.promise]);
    }
  } catch {
    return;
  }
}

/** Hands input to the command once it runs; waits while the command does not read. */
async function takeInput({ session }: Relay, { kind }: ExecRequest): Promise<void> {
  switch (kind?.$case) {
    case "stdin":
      return await (await session.promise).write(kind.value);
    case "stdinEnd":
      return await (await session.promise).closeStdin();
    case "resize":
      return await (await session.promise).resize(kind.value.columns, kind.value.rows);
    case "start":
    case undefined:
      return;
  }
}

async function runOrder(parts: RelayParts, order: RelayOrder, relay: Relay): Promise<void> {
  if (!order.kind) {
    throw new WarrenError("BAD_REQUEST", "Cannot carry out the request: it is empty");
  }
  const { taskId } = order.kind.value;
  const actor = parts.find(asId<TaskId>(taskId));
  if (!actor) throw new WarrenError("TASK_NOT_FOUND", `Task "${taskId}" is not on this node`);
  if (order.kind.$case === "logs") await relayLogs(actor, order.kind.value, relay);
  else await relayExec(actor, order.kind.value, relay);
}

async function relayLogs(
  actor: Actor,
  order: RelayLogs,
  { call, signal }: Relay,
): Promise<void> {
  let readId = "";
  let { tail, sinceMs } = order;
  while (!signal.aborted) {
    const { container } = actor.local;
    if (container && actor.offer && container.id !== readId && container.status !== "created") {
      readId = container.id;
      const options = { follow: order.follow, tail, sinceMs, signal };
      for await (const line of actor.offer.runtime.logs(container.id, options)) {
        await call.write({ kind: { $case: "log", value: logMessage(actor, line) } });
      }
      tail = undefined;
      sinceMs = 0;
      continue;
    }
    if (!order.follow || isTerminal(stateOf(actor.assignment, actor.local))) return;
    if (actor.isGone) return;
    await nextChange(actor, signal);
  }
}

function logMessage(actor: Actor, { stream, timeMs, line }: LogLine) {
  return { taskId: actor.id, taskName: actor.name, stream, timeMs, line: Buffer.from(line) };
}

function nextChange(actor: Actor, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      stop();
      signal.removeEventListener("abort", wake);
      resolve();
    };
    const stop = actor.onChange(wake);
    signal.addEventListener("abort", wake, { once: true });
  });
}

async function relayExec(actor: Actor, order: RelayExec, relay: Relay): Promise<void> {
  const { container } = actor.local;
  const { start } = order;
  if (!start || start.command.length === 0) {
    throw new WarrenError("BAD_REQUEST", "Cannot run a command: none is given");
  }
  if (!actor.offer || container?.status !== "running") {
    const state = stateOf(actor.assignment, actor.local);
    const message = `Cannot run a command in task "${actor.name}": it is ${state}`;
    throw new WarrenError("TASK_NOT_RUNNING", message);
  }
  const { command, tty, stdin, env, user, workdir, columns, rows } = start;
  const { call, signal } = relay;
  const options = { command, tty, stdin, env, user, workdir, columns, rows, signal };
  const session = await actor.offer.runtime.exec(container.id, options);
  relay.session.resolve(session);
  for await (const { stream, data } of session.output) {
    await sendExec(call, { $case: stream, value: Buffer.from(data) });
  }
  await sendExec(call, { $case: "exitCode", value: await session.exitCode });
}

function sendExec(call: RelayCall, kind: ExecResponse["kind"]): Promise<void> {
  return call.write({ kind: { $case: "exec", value: { kind } } });
}

async function tellFailure(call: RelayCall, thrown: unknown, log: Log): Promise<void> {
  const { reason, message, hint } = WarrenError.from(thrown, "Cannot carry out the request");
  try {
    await call.write({ kind: { $case: "failure", value: { reason, message, hint: hint ?? "" } } });
  } catch (error) {
    log.debug("nobody listens to a relay", { component: "agent", error: String(error) });
  }
}
