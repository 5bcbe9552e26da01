/**
 * `warren why`: why a task or service is as it is, in plain words. It reads nothing but what the cluster
 * knows already: refusals of nodes, the last failure, the last output.
 */
import { WarrenError } from "../../lib/mod.ts";
import type { CommandContext } from "../context.ts";
import { fitLines, plain } from "../output/style.ts";
import { taskMessage, taskName } from "../output/task_text.ts";
import { plural } from "../output/text.ts";
import { type Trouble, troublesOf } from "../output/trouble.ts";
import { sortTasks, taskJson } from "../task/view.ts";
import type { Command } from "../tree/command.ts";
import { STALE_FLAG } from "../tree/shared_flags.ts";
import type { Service, Task } from "../../client/wire/mod.ts";

/** Tasks explained to people; JSON has all of them. */
const MAX_TASKS = 10;

/** The command. */
export const whyCommand: Command = {
  name: "why",
  group: "Look inside",
  summary: "Say why a task or a service is as it is",
  args: [{
    name: "TASK|SERVICE",
    summary: "name, id or start of an id",
    names: "service-or-task",
  }],
  flags: [STALE_FLAG],
  examples: [
    { line: "warren why web", does: "What keeps a service from running" },
    { line: "warren why web.2", does: "One task: refusals, last failure, last output" },
  ],
  run: async (context) => {
    const subject = await findSubject(context, context.arg(0));
    const { service, tasks } = subject;
    const name = service?.spec?.name ?? (tasks[0] === undefined ? "" : taskName(tasks[0]));
    const reasons = explain(subject);
    await context.printObject({
      id: service?.id ?? tasks[0]?.id ?? "",
      name,
      json: { name, reasons, tasks: tasks.map(taskJson) },
      text: () => fitLines(reasons.flatMap((line) => line.split("\n").map(plain)), context.columns),
    });
    return 0;
  },
};

/** What is asked about. */
export interface Subject {
  /** `null` when one task is asked about. */
  readonly service: Service | null;
  readonly waitingFor: string;
  readonly tasks: readonly Task[];
}

async function findSubject(context: CommandContext, ref: string): Promise<Subject> {
  const client = await context.client();
  try {
    const { task } = await client.getTask({ ref, stale: context.isStale });
    if (task !== undefined) return { service: null, waitingFor: "", tasks: [task] };
  } catch (error) {
    if (!(error instanceof WarrenError) || error.code !== "NOT_FOUND") throw error;
  }
  const { service } = await client.getService({ ref, stale: context.isStale });
  if (service === undefined) {
    throw new WarrenError("SERVICE_NOT_FOUND", `There is no service or task "${ref}"`);
  }
  const watching = new AbortController();
  try {
    for await (
      const update of client.watchService(
        { ref: service.id, stale: context.isStale },
        { signal: watching.signal },
      )
    ) {
      const { waitingFor } = update;
      return { service: update.service ?? service, waitingFor, tasks: sortTasks(update.tasks) };
    }
  } finally {
    watching.abort();
  }
  return { service, waitingFor: "", tasks: [] };
}

/** Reasons, the most telling first; each may have further lines. */
export function explain({ service, waitingFor, tasks }: Subject): readonly string[] {
  const troubled = tasks.filter(hasTrouble);
  const isSaidBelow = troubled.map(taskMessage).some((message) =>
    message !== "" && waitingFor.includes(message)
  );
  const waiting = isSaidBelow ? "" : waitingFor;
  const head = service === null ? [] : serviceLines(service, waiting, troubled.length);
  const shown = service === null ? tasks : troubled;
  const lines = troublesOf(shown.slice(0, MAX_TASKS)).map(troubleText);
  const more = shown.length - MAX_TASKS;
  return [...head, ...lines, ...(more > 0 ? [`and ${plural(more, "more task")}`] : [])];
}

function serviceLines(service: Service, waitingFor: string, troubled: number): readonly string[] {
  const name = service.spec?.name ?? service.id;
  const count = `${service.running} of ${plural(service.desired, "task")} running`;
  const { rollout } = service;
  const update = rollout === undefined || rollout.state === "completed"
    ? []
    : [`The update is ${rollout.state}${rollout.message === "" ? "" : `: ${rollout.message}`}`];
  const isWell = service.running >= service.desired && troubled === 0;
  return [
    isWell ? `${name}: ${count}; nothing is wrong` : `${name}: ${count}`,
    ...update,
    ...(waitingFor === "" ? [] : [`Waiting for: ${waitingFor}`]),
  ];
}

function hasTrouble(task: Task): boolean {
  return task.unplaced !== "" || task.state === "failed" || task.state === "orphaned" ||
    task.health === "unhealthy" || (task.state !== "running" && task.restarts > 0);
}

function troubleText({ head, task, refusals, output }: Trouble): string {
  const place = task.state === "pending" ? "" : ` [${task.state}]`;
  const printed = output.length === 0
    ? []
    : ["  its last output:", ...output.map((line) => `  | ${line}`)];
  return [`${head}${place}`, ...refusals.map((refusal) => `  ${refusal}`), ...printed].join("\n");
}
