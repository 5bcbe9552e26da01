/**
 * Tasks in trouble as lines for people: what each is waiting for or died of, what its nodes said, its last
 * output. Pure; used by `why` and by the error of a wait. Pending tasks that say the same are said once.
 */
import type { Task } from "../../client/wire/mod.ts";
import { describeTask, taskName } from "./task_text.ts";

/** Names said of one group; the rest are counted. */
const MAX_NAMES = 5;

/** One task, or several that wait for the same. */
export interface Trouble {
  /** `web.2, web.3: no node is suitable`. */
  readonly head: string;
  /** One of the tasks; all are in the same state. */
  readonly task: Task;
  /** `node-1: needs 4 cores; to place it here, ...`. */
  readonly refusals: readonly string[];
  /** Last lines of output. */
  readonly output: readonly string[];
}

/** The troubles of `tasks`, in their order. */
export function troublesOf(tasks: readonly Task[]): readonly Trouble[] {
  const groups = new Map<string, Task[]>();
  for (const task of tasks) {
    const key = task.state === "pending"
      ? JSON.stringify([task.unplaced, task.refusals.map(refusalText)])
      : task.id;
    groups.set(key, [...groups.get(key) ?? [], task]);
  }
  return [...groups.values()].flatMap(troubleOf);
}

function troubleOf(tasks: readonly Task[]): readonly Trouble[] {
  const [task] = tasks;
  if (task === undefined) return [];
  const refusals = task.refusals.map(refusalText);
  const head = withoutRefusal(describeTask(task), task).slice(taskName(task).length);
  return [{ head: namesOf(tasks) + head, task, refusals, output: task.lastLines }];
}

function namesOf(tasks: readonly Task[]): string {
  const names = tasks.slice(0, MAX_NAMES).map(taskName).join(", ");
  const more = tasks.length - MAX_NAMES;
  return more > 0 ? `${names} and ${more} more` : names;
}

/** The one line about a single node would say what its refusal says below. */
function withoutRefusal(line: string, { refusals }: Task): string {
  const [only, ...others] = refusals;
  if (only === undefined || others.length > 0) return line;
  const said = `: ${only.nodeName} ${only.message}`;
  return line.endsWith(said) ? line.slice(0, -said.length) : line;
}

function refusalText({ nodeName, message, change }: Task["refusals"][number]): string {
  return `${nodeName}: ${message}${change === "" ? "" : `; to place it here, ${change}`}`;
}
