/** `warren node inspect`: everything about a node. */
import { formatFields } from "../output/render.ts";
import { formatAge } from "../output/text.ts";
import type { Command } from "../tree/command.ts";
import { STALE_FLAG } from "../tree/shared_flags.ts";
import type { Node } from "../../client/wire/mod.ts";
import { cpuText, memoryText, nodeJson } from "./view.ts";

/** The command. */
export const inspectCommand: Command = {
  name: "inspect",
  summary: "Show everything about a node",
  args: [{ name: "NODE", summary: "name or id of the node", names: "node" }],
  flags: [STALE_FLAG],
  examples: [{ line: "warren node inspect node-1", does: "Resources, labels, engine" }],
  run: async (context) => {
    const client = await context.client();
    const { node } = await client.getNode({ ref: context.arg(0), stale: context.isStale });
    if (node === undefined) return 1;
    const text = () => formatNode(node, context.nowMs);
    await context.printObject({ id: node.id, name: node.name, json: nodeJson(node), text });
    return 0;
  },
};

function formatNode(node: Node, nowMs: number): string {
  const { description } = node;
  const labels = Object.entries(node.labels).map(([key, value]) => `${key}=${value}`);
  const status = node.statusMessage === "" ? node.status : `${node.status}: ${node.statusMessage}`;
  return formatFields([
    ["ID", node.id],
    ["Name", node.name],
    ["Role", node.leader ? `${node.role}, leader` : node.role],
    ["Status", status],
    ["Availability", node.availability],
    ["Address", node.address],
    ["Raft address", node.raftAddress],
    ["Host name", description?.hostname ?? ""],
    ["Platform", `${description?.os ?? ""}/${description?.arch ?? ""}`],
    ["Runtimes", (description?.runtimes ?? []).join(", ")],
    ["Engine", description?.engine ?? ""],
    ["Warren", description?.version ?? ""],
    ["Tasks", String(node.tasks)],
    ["Reserved", `${cpuText(node)} cores, ${memoryText(node)} memory`],
    ["Labels", labels.join("\n")],
    ["Joined", formatAge(node.joinedMs, nowMs)],
    ["Updated", formatAge(node.updatedMs, nowMs)],
  ]);
}
