/** `warren plan`: what applying manifests would do. Exits with 0 for nothing and 2 for changes. */
import { WarrenError } from "../../lib/mod.ts";
import type { CommandContext } from "../context.ts";
import { EXIT, exitCodeOf, ExitWith } from "../exit.ts";
import type { Command } from "../tree/command.ts";
import type { Flag } from "../tree/flag.ts";
import { FILE_FLAG, readManifests } from "./files.ts";
import { formatPlan, hasChanges, planJson } from "./render.ts";
import { toMessages } from "./send.ts";

/** Exit code of a plan with changes. */
const HAS_CHANGES = 2;

/** Flags that plan and apply share. */
export const STACK_FLAGS: readonly Flag[] = [
  { name: "stack", value: "NAME", summary: "mark everything in the files as one stack" },
  { name: "prune", summary: "delete what the stack has and the files have no more" },
];

/** The command. */
export const planCommand: Command = {
  name: "plan",
  group: "Manifests",
  summary: "Show what applying manifests would change",
  description:
    "Exits with 0 when nothing would change, with 2 when something would, with 1 when the " +
    "manifests have faults.",
  flags: [FILE_FLAG, ...STACK_FLAGS],
  examples: [
    { line: "warren plan -f app.yaml", does: "One file" },
    { line: "warren plan -f deploy/ --stack shop --prune", does: "A directory, with deletions" },
  ],
  run: async (context) => {
    try {
      return await planFiles(context);
    } catch (error) {
      // 2 means "changes" here, so faults of manifests must not have it.
      if (!(error instanceof WarrenError) || error.reason === "USAGE") throw error;
      const code = exitCodeOf(error);
      throw new ExitWith(error, code === HAS_CHANGES ? EXIT.failed : code);
    }
  },
};

async function planFiles(context: CommandContext): Promise<number> {
  const plan = await requestPlan(context);
  const text = () => formatPlan(plan, context.paint);
  const name = plan.changes.map((change) => `${change.kind}/${change.name}`).join("\n");
  await context.printObject({ id: name, name, json: planJson(plan), text });
  return hasChanges(plan.changes) ? HAS_CHANGES : EXIT.done;
}

/** The cluster's plan for the files of `-f`. @throws WarrenError */
export async function requestPlan(context: CommandContext) {
  const placed = await readManifests(context);
  checkPrune(context);
  const resources = await toMessages(placed);
  const client = await context.client();
  return await client.planManifest({ resources, ...stackOf(context) });
}

/** Values of the shared flags. */
export function stackOf(
  { flags }: CommandContext,
): { readonly stack: string; readonly prune: boolean } {
  return { stack: flags.text("stack") ?? "", prune: flags.isOn("prune") };
}

/** Without a stack, pruning would have nothing to go by. @throws WarrenError USAGE */
export function checkPrune(context: CommandContext): void {
  const { stack, prune } = stackOf(context);
  if (!prune || stack !== "") return;
  throw new WarrenError("USAGE", "Flag --prune needs --stack", {
    hint: "name the stack whose other resources are to be deleted",
  });
}
