/**
 * Starting, stopping and removing one container of the engine.
 *
 * Stopping is done here by signals rather than by the engine's own stop, whose grace is whole
 * seconds and which cannot be told another signal in older versions. Each may be repeated: a
 * container that is gone, or already there, is no error.
 */
import { type Clock, WarrenError } from "../../../lib/mod.ts";
import { findPortHolder } from "../port_holder.ts";
import { RUNTIME_LABELS, type StopOptions } from "../runtime.ts";
import { conflictingPort, engineWords, toStartError } from "./errors.ts";
import type { EngineClient } from "./http.ts";
import { asList, asRecord, asText, asTexts, recordAt } from "./parse.ts";
import { stateFromInspect } from "./spec.ts";

/** Starts it. @throws PORT_IN_USE (with its holder when found), COMMAND_FAILED, ENGINE_FAILED */
export async function startContainer(
  containerId: string,
  engine: EngineClient,
  options: { readonly isLocal: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const { signal } = options;
  const doing = `start container "${containerId.slice(0, 12)}"`;
  try {
    const path = `/containers/${containerId}/start`;
    await engine.call({ method: "POST", path, doing, signal });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof WarrenError) || error.reason !== "ENGINE_FAILED") throw error;
    const words = engineWords(error.cause ?? error);
    const port = conflictingPort(words);
    const holder = port === undefined ? "" : await findHolder(port, engine, options);
    throw toStartError(words, doing, holder);
  }
}

/** The service or container, or the process on this machine, that has `port`. */
async function findHolder(
  port: number,
  engine: EngineClient,
  options: { readonly isLocal: boolean; readonly signal: AbortSignal },
): Promise<string> {
  const { isLocal, signal } = options;
  const doing = "list containers";
  const running = await engine.call({ method: "GET", path: "/containers/json", doing, signal });
  for (const item of asList(running)) {
    const container = asRecord(item);
    const has = asList(container["Ports"]).some((bound) => asRecord(bound)["PublicPort"] === port);
    if (!has) continue;
    const service = asTexts(container["Labels"])[RUNTIME_LABELS.serviceName];
    if (service !== undefined) return `service "${service}"`;
    return `container "${asText(asList(container["Names"])[0]).replace(/^\//, "")}"`;
  }
  return isLocal ? await findPortHolder(port, "tcp") : "";
}

/** Sends the stop signal, waits for the grace, then kills; returns when it has exited. */
export async function stopContainer(
  containerId: string,
  options: StopOptions,
  context: { readonly engine: EngineClient; readonly clock: Clock },
): Promise<void> {
  const { engine, clock } = context;
  const { signal, timeoutMs } = options;
  const path = `/containers/${containerId}/json`;
  const inspected = await engine.find({ method: "GET", path, doing: "stop the container", signal });
  if (inspected === undefined || stateFromInspect(inspected).status !== "running") return;
  if (timeoutMs > 0) {
    const imageSignal = asText(recordAt(inspected, "Config")["StopSignal"]);
    await kill(containerId, options.stopSignal || imageSignal || "SIGTERM", { engine, signal });
    const grace = new AbortController();
    const cancel = clock.after(timeoutMs, () => grace.abort());
    await waitForExit(containerId, engine, AbortSignal.any([grace.signal, signal]))
      .finally(cancel);
    signal.throwIfAborted();
    if (!grace.signal.aborted) return;
  }
  await kill(containerId, "SIGKILL", { engine, signal });
  await waitForExit(containerId, engine, signal);
  signal.throwIfAborted();
}

/** A container that is gone or has ended needs no signal. */
async function kill(
  containerId: string,
  stopSignal: string,
  context: { readonly engine: EngineClient; readonly signal: AbortSignal },
): Promise<void> {
  try {
    await context.engine.find({
      method: "POST",
      path: `/containers/${containerId}/kill`,
      query: { signal: stopSignal },
      doing: `send ${stopSignal} to the container`,
      signal: context.signal,
    });
  } catch (error) {
    if (!/is not running/i.test(engineWords(error))) throw error;
  }
}

/** Returns when it has exited, is gone, or the signal aborts. */
async function waitForExit(
  containerId: string,
  engine: EngineClient,
  signal: AbortSignal,
): Promise<void> {
  try {
    const path = `/containers/${containerId}/wait`;
    await engine.find({ method: "POST", path, doing: "wait for the container", signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Kills and deletes it with its anonymous volumes; waits for a removal that is under way. */
export async function removeContainer(
  containerId: string,
  engine: EngineClient,
  signal: AbortSignal,
): Promise<void> {
  const doing = `remove container "${containerId.slice(0, 12)}"`;
  const path = `/containers/${containerId}`;
  try {
    await engine.find({ method: "DELETE", path, query: { force: true, v: true }, doing, signal });
  } catch (error) {
    if (!/already in progress/i.test(engineWords(error))) throw error;
    const query = { condition: "removed" };
    await engine.find({ method: "POST", path: `${path}/wait`, query, doing, signal });
  }
}
