/** `warren node update`: labels, name and availability of a node. */
import { usageError } from "../parse/usage.ts";
import type { Command } from "../tree/command.ts";
import { printNode } from "./change.ts";

/** The command. */
export const updateCommand: Command = {
  name: "update",
  summary: "Change labels, name or availability of a node",
  args: [{ name: "NODE", summary: "name or id of the node", names: "node" }],
  flags: [
    {
      name: "label",
      synonyms: ["label-add"],
      value: "KEY=VALUE",
      form: "pair",
      repeats: true,
      summary: "set a label",
    },
    { name: "label-rm", value: "KEY", repeats: true, summary: "remove a label" },
    { name: "name", value: "NAME", summary: "new name" },
    {
      name: "availability",
      value: "STATE",
      choices: ["active", "pause", "drain"],
      summary: "whether it takes tasks; drain also moves those it has",
    },
  ],
  examples: [
    { line: "warren node update node-2 --label disk=ssd", does: "A label for constraints" },
    { line: "warren node update node-2 --label-rm disk", does: "Remove it again" },
  ],
  run: async (context) => {
    const { flags } = context;
    const given = ["label", "label-rm", "name", "availability"].some((name) => flags.has(name));
    if (!given) throw usageError("Nothing to change: no flag is given", "add --help for the flags");
    const client = await context.client();
    const { node } = await client.updateNode({
      ref: context.arg(0),
      availability: flags.text("availability") ?? "",
      setLabels: flags.pairs("label"),
      removeLabels: [...flags.all("label-rm")],
      name: flags.text("name") ?? "",
    });
    return await printNode(context, node);
  },
};
