/** `warren service inspect`: a service's spec, state and tasks. */
import type { CommandContext } from "../context.ts";
import { formatFields } from "../output/render.ts";
import { describeTask } from "../output/task_text.ts";
import { formatAge } from "../output/text.ts";
import { sortTasks, taskJson } from "../task/view.ts";
import type { Command } from "../tree/command.ts";
import { STALE_FLAG } from "../tree/shared_flags.ts";
import type { Service, Task } from "../../client/wire/mod.ts";
import { describeSpec } from "./spec/describe.ts";
import { replicasText, serviceJson } from "./view.ts";

/** Tasks shown to people; JSON has all of them. */
const MAX_TASKS = 20;

/** The command. */
export const inspectCommand: Command = {
  name: "inspect",
  summary: "Show everything about a service",
  args: [{ name: "SERVICE", summary: "name or id of the service", names: "service" }],
  flags: [STALE_FLAG],
  examples: [
    { line: "warren service inspect web", does: "For people" },
    { line: "warren service inspect web -o json", does: "For scripts, with the whole spec" },
  ],
  run: async (context) => {
    const client = await context.client();
    const ref = context.arg(0);
    const { service } = await client.getService({ ref, stale: context.isStale });
    if (service === undefined) return 1;
    const listed = await client.listTasks({
      service: service.id,
      node: "",
      all: false,
      stale: context.isStale,
    });
    const tasks = sortTasks(listed.tasks);
    await context.printObject({
      id: service.id,
      name: service.spec?.name ?? "",
      json: {
        ...serviceJson(service),
        spec: service.spec,
        rollout: service.rollout ?? null,
        tasks: tasks.map(taskJson),
      },
      text: () => formatService(context, service, tasks),
    });
    return 0;
  },
};

function formatService(context: CommandContext, service: Service, tasks: readonly Task[]): string {
  const { rollout } = service;
  const shown = tasks.slice(0, MAX_TASKS).map(describeTask);
  const more = tasks.length - shown.length;
  const update = rollout === undefined
    ? ""
    : `${rollout.state}, revision ${rollout.fromRevision} to ${rollout.toRevision}` +
      (rollout.message === "" ? "" : `: ${rollout.message}`);
  return formatFields([
    ["ID", service.id],
    ["Name", service.spec?.name ?? ""],
    ["Running", `${replicasText(service)}, revision ${service.revision}`],
    ["Rollout", update],
    ["Created", formatAge(service.createdMs, context.nowMs)],
    ["Updated", formatAge(service.updatedMs, context.nowMs)],
    ...(service.spec === undefined ? [] : describeSpec(service.spec)),
    ["Tasks", [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join("\n")],
  ]);
}
