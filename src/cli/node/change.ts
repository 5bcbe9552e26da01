/**
 * Changes of a node's availability: `node activate`, `node pause`, `node drain`. A drain waits until the
 * node's tasks are gone.
 */
import { formatDurationMs, sleep, WarrenError } from "../../lib/mod.ts";
import { type CommandContext, WAIT_TIMEOUT_MS } from "../context.ts";
import { plural } from "../output/text.ts";
import type { Command } from "../tree/command.ts";
import { DETACH_FLAG } from "../tree/shared_flags.ts";
import type { Node } from "../../client/wire/mod.ts";
import { nodeJson } from "./view.ts";

/** The drain is looked at this often; nodes have no watch of their own. */
const LOOK_MS = 500;

const NODE_ARG = { name: "NODE", summary: "name or id of the node", names: "node" } as const;

/** `warren node activate`. */
export const activateCommand: Command = {
  name: "activate",
  aliases: ["undrain", "resume"],
  summary: "Let a node take tasks again",
  args: [NODE_ARG],
  examples: [{ line: "warren node activate node-2", does: "After maintenance" }],
  run: async (context) => printNode(context, await setAvailability(context, "active")),
};

/** `warren node pause`. */
export const pauseCommand: Command = {
  name: "pause",
  summary: "Give a node no new tasks; those it has stay",
  args: [NODE_ARG],
  examples: [{ line: "warren node pause node-2", does: "Leave it as it is" }],
  run: async (context) => printNode(context, await setAvailability(context, "pause")),
};

/** `warren node drain`. */
export const drainCommand: Command = {
  name: "drain",
  summary: "Move all tasks of a node to others and wait until it is empty",
  args: [NODE_ARG],
  flags: [DETACH_FLAG],
  examples: [{ line: "warren node drain node-2", does: "Before maintenance" }],
  run: async (context) => {
    const node = await setAvailability(context, "drain");
    if (node !== undefined && !context.flags.isOn("detach")) await waitUntilEmpty(context, node);
    return await printNode(context, node);
  },
};

/** Prints the node that was changed: its name, its id with `-q`, or the object. */
export async function printNode(context: CommandContext, node: Node | undefined): Promise<number> {
  if (node === undefined) return 1;
  const text = () => `${node.name}\n`;
  await context.printObject({ id: node.id, name: node.name, json: nodeJson(node), text });
  return 0;
}

async function setAvailability(
  context: CommandContext,
  availability: string,
): Promise<Node | undefined> {
  const client = await context.client();
  const request = { availability, setLabels: {}, removeLabels: [], name: "" };
  return (await client.updateNode({ ref: context.arg(0), ...request })).node;
}

async function waitUntilEmpty(context: CommandContext, node: Node): Promise<void> {
  const client = await context.client();
  const { clock } = context.io;
  const timeoutMs = context.timeoutMs(WAIT_TIMEOUT_MS);
  const deadlineMs = clock.monoNow() + timeoutMs;
  const signal = context.interrupted;
  const hint = `"warren node ps ${node.name}" shows what is left`;
  for (let before = -1;;) {
    const { tasks } = await client.listTasks({
      service: "",
      node: node.id,
      all: false,
      stale: false,
    });
    if (tasks.length === 0) return;
    if (tasks.length !== before) context.note(`${node.name}: ${plural(tasks.length, "task")} left`);
    before = tasks.length;
    if (clock.monoNow() >= deadlineMs) {
      const message = `Node "${node.name}" is not empty after ${formatDurationMs(timeoutMs)}: ` +
        `${plural(tasks.length, "task")} left`;
      throw new WarrenError("NOT_SETTLED", message, { hint });
    }
    await sleep(clock, LOOK_MS, signal).catch(() => {});
    if (!signal.aborted) continue;
    const message = `Stopped waiting; the drain of "${node.name}" goes on`;
    throw new WarrenError("ABORTED_BY_USER", message, { hint });
  }
}
