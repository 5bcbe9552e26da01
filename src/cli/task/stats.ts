/** `warren task stats` and `warren top`: what tasks use of their nodes. */
import { formatBytes, sleep } from "../../lib/mod.ts";
import type { CommandContext } from "../context.ts";
import type { ListView } from "../output/render.ts";
import { isoTime, shortId } from "../output/text.ts";
import { taskName } from "../output/task_text.ts";
import type { Command } from "../tree/command.ts";
import type { Task, TaskStats } from "../../client/wire/mod.ts";

const PERIOD_MS = 2_000;

/** A task's use, and how fast it used processor time since the sample before. */
interface StatsRow extends TaskStats {
  readonly name: string;
  /** Cores in use; `null` before there are two samples. */
  readonly cores: number | null;
}

/** `warren task stats`. */
export const statsCommand: Command = {
  name: "stats",
  summary: "Show what running tasks use",
  args: [{
    name: "TASK|SERVICE",
    summary: "name, id or start of an id; all unless given",
    optional: true,
    repeats: true,
    names: "service-or-task",
  }],
  examples: [{ line: "warren task stats web", does: "The tasks of one service, now" }],
  run: async (context) => {
    const now = await readStats(context, new Map());
    await context.printList(now, statsView(context.isTruncating));
    return 0;
  },
};

/** `warren top`. */
export const topCommand: Command = {
  name: "top",
  group: "Look inside",
  summary: "Watch what running tasks use, the busiest first",
  description:
    "Refreshes every two seconds until Ctrl-C; prints once when stdout is not a terminal.",
  flags: [{ name: "once", summary: "print once, after two samples, and end" }],
  examples: [{ line: "warren top", does: "Watch" }],
  run: watchStats,
};

async function watchStats(context: CommandContext): Promise<number> {
  const { io } = context;
  const signal = context.interrupted;
  const isOnce = context.flags.isOn("once") || !io.isTerminal("stdout") || context.isQuiet;
  let before = new Map<string, TaskStats>();
  for (let round = 0; !signal.aborted; round++) {
    const rows = await readStats(context, before);
    if (round > 0 || !isOnce) {
      if (!isOnce) context.print("\x1b[H\x1b[2J");
      const busiest = [...rows].sort((a, b) => (b.cores ?? 0) - (a.cores ?? 0));
      const most = isOnce ? busiest.length : Math.max(1, io.size().rows - 2);
      await context.printList(busiest.slice(0, most), statsView(context.isTruncating));
      if (isOnce) break;
    }
    before = new Map(rows.map((row) => [row.taskId, row]));
    await sleep(io.clock, PERIOD_MS, signal).catch(() => {});
  }
  return 0;
}

async function readStats(
  context: CommandContext,
  before: ReadonlyMap<string, TaskStats>,
): Promise<readonly StatsRow[]> {
  const client = await context.client();
  const [{ stats }, { tasks }] = await Promise.all([
    client.getTaskStats({ refs: [...context.args] }),
    client.listTasks({ service: "", node: "", all: false, stale: false }),
  ]);
  const byId = new Map(tasks.map((task): readonly [string, Task] => [task.id, task]));
  return stats.map((now) => {
    const task = byId.get(now.taskId);
    const name = task === undefined ? now.serviceName : taskName(task);
    return { ...now, name, cores: coresBetween(before.get(now.taskId), now) };
  });
}

/** Cores used between two samples. */
export function coresBetween(before: TaskStats | undefined, now: TaskStats): number | null {
  if (before === undefined || now.atMs <= before.atMs) return null;
  return Math.max(0, (now.cpuSeconds - before.cpuSeconds) / ((now.atMs - before.atMs) / 1_000));
}

function statsView(isTruncating: boolean): ListView<StatsRow> {
  return {
    columns: [
      { header: "ID", cell: ({ taskId }) => isTruncating ? shortId(taskId) : taskId, yields: 1 },
      { header: "NAME", cell: ({ name }) => name },
      { header: "NODE", cell: ({ nodeName }) => nodeName },
      {
        header: "CORES",
        cell: ({ cores }) => cores === null ? "-" : cores.toFixed(2),
        align: "right",
      },
      {
        header: "CPU TIME",
        cell: ({ cpuSeconds }) => `${cpuSeconds.toFixed(1)}s`,
        align: "right",
        yields: 2,
      },
      { header: "MEMORY", cell: memoryText, align: "right" },
      { header: "RECEIVED", cell: (row) => formatBytes(row.networkReceiveBytes), align: "right" },
      { header: "SENT", cell: (row) => formatBytes(row.networkTransmitBytes), align: "right" },
    ],
    id: ({ taskId }) => taskId,
    name: ({ name }) => name,
    json: ({ atMs, ...row }) => ({ ...row, at: isoTime(atMs) }),
  };
}

function memoryText({ memoryBytes, memoryLimitBytes }: StatsRow): string {
  const limit = memoryLimitBytes > 0 ? ` / ${formatBytes(memoryLimitBytes)}` : "";
  return formatBytes(memoryBytes) + limit;
}
