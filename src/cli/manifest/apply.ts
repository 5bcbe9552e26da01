/** `warren apply`: makes the cluster have what manifests say, as one change. */
import type { CommandContext } from "../context.ts";
import { type Changed, changedService, settle } from "../service/settle.ts";
import type { Command } from "../tree/command.ts";
import { DETACH_FLAG } from "../tree/shared_flags.ts";
import type { ResourceChange } from "../../client/wire/mod.ts";
import { FILE_FLAG, readManifests } from "./files.ts";
import { checkPrune, requestPlan, STACK_FLAGS, stackOf } from "./plan.ts";
import { changeJson, formatApplied, formatPlan, planJson } from "./render.ts";
import { toMessages } from "./send.ts";

/** The command. */
export const applyCommand: Command = {
  name: "apply",
  group: "Manifests",
  summary: "Make the cluster have what manifests say",
  description:
    "All resources are one change: either all of them are applied or none is. What is already as the " +
    "files say stays untouched. Waits until the changed services run.",
  flags: [
    FILE_FLAG,
    { name: "dry-run", summary: "only show the plan" },
    ...STACK_FLAGS,
    DETACH_FLAG,
  ],
  examples: [
    { line: "warren apply -f app.yaml", does: "One file" },
    { line: "cat app.yaml | warren apply -f -", does: "From stdin" },
    { line: "warren apply -f deploy/ --stack shop --prune", does: "And delete what is gone" },
  ],
  run: async (context) => {
    if (context.flags.isOn("dry-run")) return await showPlan(context);
    const placed = await readManifests(context);
    checkPrune(context);
    const resources = await toMessages(placed);
    const client = await context.client();
    const { changes } = await client.applyManifest({ resources, ...stackOf(context) });
    await settle(context, await changedServices(context, changes));
    await printApplied(context, changes);
    return 0;
  },
};

async function showPlan(context: CommandContext): Promise<number> {
  const plan = await requestPlan(context);
  const name = plan.changes.map((change) => `${change.kind}/${change.name}`).join("\n");
  const text = () => formatPlan(plan, context.paint);
  await context.printObject({ id: name, name, json: planJson(plan), text });
  return 0;
}

/** Prints what was done: a line each, or an object for programs. */
export async function printApplied(
  context: CommandContext,
  changes: readonly ResourceChange[],
): Promise<void> {
  const name = changes.map((change) => `${change.kind}/${change.name}`).join("\n");
  const json = { changes: changes.map(changeJson) };
  await context.printObject({
    id: name,
    name,
    json,
    text: () => formatApplied(changes, context.paint),
  });
}

/** Services that were changed, to wait for. Deleted ones go by themselves. */
async function changedServices(
  context: CommandContext,
  changes: readonly ResourceChange[],
): Promise<readonly Changed[]> {
  if (context.flags.isOn("detach")) return [];
  const client = await context.client();
  const touched = changes.filter(({ kind, action }) =>
    kind === "service" && action !== "unchanged" && action !== "delete"
  );
  const found = await Promise.all(touched.map(async ({ name, action }) => {
    const { service } = await client.getService({ ref: name, stale: false });
    return service === undefined ? [] : [changedService(service, action === "replace")];
  }));
  return found.flat();
}
