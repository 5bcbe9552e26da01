/** `warren delete -f`: removes what manifests name, services first. */
import { WarrenError } from "../../lib/mod.ts";
import type { PlacedResource } from "../../manifest/mod.ts";
import type { CommandContext } from "../context.ts";
import { type Changed, settle } from "../service/settle.ts";
import type { Command } from "../tree/command.ts";
import { DETACH_FLAG } from "../tree/shared_flags.ts";
import type { ResourceChange } from "../../client/wire/mod.ts";
import { printApplied } from "./apply.ts";
import { FILE_FLAG, readManifests } from "./files.ts";

/** What others use comes after them. */
const ORDER = ["service", "volume", "config", "secret"] as const;

/** The command. */
export const deleteCommand: Command = {
  name: "delete",
  aliases: ["rm", "remove"],
  group: "Manifests",
  summary: "Remove what manifests name",
  description: "Waits until the tasks of the services are gone. What is not there is passed over.",
  flags: [FILE_FLAG, DETACH_FLAG],
  examples: [{ line: "warren delete -f app.yaml", does: "Remove everything that the file names" }],
  run: async (context) => {
    const placed = await readManifests(context);
    const changes: ResourceChange[] = [];
    for (const kind of ORDER) {
      const those = placed.filter(({ resource }) => resource.kind === kind);
      const removed: Changed[] = [];
      for (const { resource } of those) {
        const id = await removeOne(context, resource);
        const action = id === null ? "unchanged" : "delete";
        changes.push({ kind, name: resource.name, action, diff: [] });
        if (id === null || kind !== "service") continue;
        const goal = { kind: "removed", rolloutsSinceMs: Infinity } as const;
        removed.push({ id, name: resource.name, goal });
      }
      await settle(context, removed);
    }
    await printApplied(context, changes);
    return 0;
  },
};

/** The id of what was removed; `null` when it was not there. */
async function removeOne(
  context: CommandContext,
  { kind, name }: PlacedResource["resource"],
): Promise<string | null> {
  const client = await context.client();
  const request = { ref: name };
  try {
    switch (kind) {
      case "service":
        return (await client.removeService(request)).id;
      case "secret":
        return (await client.removeSecret(request)).id;
      case "config":
        return (await client.removeConfig(request)).id;
      case "volume":
        return (await client.removeVolume(request)).id;
    }
  } catch (error) {
    if (error instanceof WarrenError && error.code === "NOT_FOUND") return null;
    throw error;
  }
}
