/**
 * `warren node promote` and `demote`: whether a node with tasks is also a manager. A promotion waits until
 * the node has a vote.
 */
import { formatDurationMs, sleep, WarrenError } from "../../lib/mod.ts";
import type { Node } from "../../client/wire/mod.ts";
import { type CommandContext, WAIT_TIMEOUT_MS } from "../context.ts";
import type { Command } from "../tree/command.ts";
import { DETACH_FLAG } from "../tree/shared_flags.ts";
import { printNode } from "./change.ts";

/** The group of managers is looked at this often. */
const LOOK_MS = 250;

const NODE_ARG = { name: "NODE", summary: "name or id of the node", names: "node" } as const;

/** `warren node promote`. */
export const promoteCommand: Command = {
  name: "promote",
  summary: "Make a worker a manager too, and wait until it has a vote",
  description: "The worker goes on running its tasks. It first catches up, then gets its vote.",
  args: [NODE_ARG],
  flags: [DETACH_FLAG],
  examples: [{ line: "warren node promote node-2", does: "One more manager" }],
  run: async (context) => {
    const client = await context.client();
    const { node } = await client.promoteNode({ ref: context.arg(0) });
    if (node === undefined || context.flags.isOn("detach")) return await printNode(context, node);
    await waitUntilVoter(context, node);
    return await printNode(context, (await client.getNode({ ref: node.id })).node);
  },
};

/** `warren node demote`. */
export const demoteCommand: Command = {
  name: "demote",
  summary: "Let a manager be a mere worker again",
  description:
    "Its tasks go on. Leadership moves to another manager first. It is refused when too few managers " +
    "would be left that can be reached.",
  args: [NODE_ARG],
  examples: [{ line: "warren node demote node-2", does: "Before its machine goes away" }],
  run: async (context) => {
    const client = await context.client();
    return await printNode(context, (await client.demoteNode({ ref: context.arg(0) })).node);
  },
};

async function waitUntilVoter(context: CommandContext, { id, name }: Node): Promise<void> {
  const client = await context.client();
  const { clock } = context.io;
  const timeoutMs = context.timeoutMs(WAIT_TIMEOUT_MS);
  const deadlineMs = clock.monoNow() + timeoutMs;
  const signal = context.interrupted;
  const hint = `"warren cluster info" shows the managers, and the log of "${name}" why it waits`;
  for (let told = "";;) {
    const { managers } = await client.getClusterInfo({});
    const member = managers.find((manager) => manager.id === id);
    if (member?.voter) return;
    const state = member ? "is catching up" : "has not joined the managers yet";
    if (state !== told) context.note(`${name} ${state}`);
    told = state;
    if (clock.monoNow() >= deadlineMs) {
      const message = `Node "${name}" has no vote after ${
        formatDurationMs(timeoutMs)
      }: it ${state}`;
      throw new WarrenError("NOT_SETTLED", message, { hint });
    }
    await sleep(clock, LOOK_MS, signal).catch(() => {});
    if (!signal.aborted) continue;
    const message = `Stopped waiting; the promotion of "${name}" goes on`;
    throw new WarrenError("ABORTED_BY_USER", message, { hint });
  }
}
