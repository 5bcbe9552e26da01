/**
 * The end of every command that changes services: the result on stdout, and before it the wait, unless
 * `--detach` is given.
 */
import { boardFor } from "../wait/board.ts";
import type { WaitGoal } from "../wait/judge.ts";
import { waitForService } from "../wait/wait.ts";
import { type CommandContext, WAIT_TIMEOUT_MS } from "../context.ts";
import type { Service } from "../../client/wire/mod.ts";
import { serviceJson } from "./view.ts";

/** Services to wait for, by what is waited for. */
export interface Changed {
  readonly id: string;
  readonly name: string;
  readonly goal: WaitGoal;
}

/** A service that shall run; rollouts count from its last change on. */
export function changedService(service: Service, countsRollout: boolean): Changed {
  return {
    id: service.id,
    name: service.spec?.name ?? service.id,
    goal: { kind: "running", rolloutsSinceMs: countsRollout ? service.updatedMs : Infinity },
  };
}

/** Waits for all of them at once, unless `--detach` is given. @throws WarrenError of the first that fails */
export async function settle(context: CommandContext, changed: readonly Changed[]): Promise<void> {
  if (context.flags.isOn("detach") || changed.length === 0) return;
  const client = await context.client();
  const board = boardFor(context.io, context.isQuiet);
  const stop = new AbortController();
  const signal = AbortSignal.any([context.interrupted, stop.signal]);
  const waits = changed.map(({ id, name, goal }) =>
    waitForService({
      service: name,
      goal,
      timeoutMs: context.timeoutMs(WAIT_TIMEOUT_MS),
      clock: context.io.clock,
      board,
      signal,
      watch: (signal) => client.watchService({ ref: id }, { signal }),
    })
  );
  try {
    await Promise.all(waits);
  } catch (error) {
    board.clear();
    throw error;
  } finally {
    stop.abort();
    await Promise.allSettled(waits);
  }
}

/** Prints what became of changed services: names, ids with `-q`, objects as JSON. */
export async function printChanged(
  context: CommandContext,
  services: readonly Service[],
  shown: "id" | "name",
): Promise<void> {
  const client = await context.client();
  const isData = context.form === "json" || context.form === "yaml";
  const [only] = services;
  if (services.length !== 1 || only === undefined) {
    const lines = services.map((service) =>
      context.flags.isOn("quiet") ? service.id : service.spec?.name ?? service.id
    );
    if (!isData) return context.print(lines.map((line) => `${line}\n`).join(""));
    const fresh = await Promise.all(
      services.map(({ id }) => client.getService({ ref: id, stale: false })),
    );
    const text = fresh.flatMap(({ service }) =>
      service === undefined ? [] : [serviceJson(service)]
    );
    return context.print(`${JSON.stringify(text, null, 2)}\n`);
  }
  const service = isData
    ? (await client.getService({ ref: only.id, stale: false })).service ?? only
    : only;
  await context.printObject({
    id: service.id,
    name: service.spec?.name ?? "",
    json: serviceJson(service),
    text: () => `${shown === "id" ? service.id : service.spec?.name ?? service.id}\n`,
  });
}
