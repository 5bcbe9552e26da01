/** `warren service history`: the revisions that a service had and what each changed. */
import type { ListView } from "../output/render.ts";
import { formatAge, isoTime } from "../output/text.ts";
import { readable } from "../output/field_diff.ts";
import { diffWireSpecs } from "./spec/diff.ts";
import type { Command } from "../tree/command.ts";
import { STALE_FLAG } from "../tree/shared_flags.ts";
import type { Revision, Service } from "../../client/wire/mod.ts";

/** The command. */
export const historyCommand: Command = {
  name: "history",
  summary: "List the revisions of a service, newest first",
  args: [{ name: "SERVICE", summary: "name or id of the service", names: "service" }],
  flags: [STALE_FLAG],
  examples: [{ line: "warren service history web", does: "What changed when" }],
  run: async (context) => {
    const client = await context.client();
    const { service } = await client.getService({ ref: context.arg(0), stale: context.isStale });
    if (service === undefined) return 1;
    await context.printList(revisionsOf(service), historyView(context.nowMs));
    return 0;
  },
};

interface RevisionRow extends Revision {
  readonly isPresent: boolean;
  /** What changed since the revision before it; "" for the oldest one kept. */
  readonly changes: string;
}

function revisionsOf(service: Service): readonly RevisionRow[] {
  const present = { revision: service.revision, spec: service.spec, atMs: service.updatedMs };
  const all: readonly Revision[] = [present, ...service.history];
  return all.map((revision, at) => ({
    ...revision,
    isPresent: at === 0,
    changes: changesText(all[at + 1], revision),
  }));
}

function changesText(before: Revision | undefined, after: Revision): string {
  if (before?.spec === undefined || after.spec === undefined) return "";
  return diffWireSpecs(before.spec, after.spec)
    .map(readable)
    .map(({ path, before, after }) => `${path}: ${before ?? "none"} -> ${after ?? "none"}`)
    .join("; ");
}

function historyView(nowMs: number): ListView<RevisionRow> {
  return {
    columns: [
      {
        header: "REVISION",
        cell: ({ revision, isPresent }) => `${revision}${isPresent ? " (present)" : ""}`,
      },
      { header: "SINCE", cell: ({ atMs }) => formatAge(atMs, nowMs) },
      { header: "IMAGE", cell: ({ spec }) => spec?.task?.image ?? "", shrinkTo: 12, yields: 1 },
      { header: "CHANGES", cell: ({ changes }) => changes, shrinkTo: 16 },
    ],
    id: ({ revision }) => String(revision),
    name: ({ revision }) => String(revision),
    json: ({ revision, atMs, spec, isPresent, changes }) => ({
      revision,
      present: isPresent,
      at: isoTime(atMs),
      image: spec?.task?.image ?? "",
      changes,
      spec,
    }),
  };
}
