/** `warren cluster restore`: a new manager's data directory from a backup. */
import type { RestoreReport } from "../../daemon/offline/mod.ts";
import { DAEMON_FLAGS, daemonFlags } from "../daemon/flags.ts";
import { formatFields } from "../output/render.ts";
import { formatAge, isoTime, plural } from "../output/text.ts";
import type { Command } from "../tree/command.ts";
import type { Flag } from "../tree/flag.ts";
import { shellWord } from "./shell_word.ts";

/** The command. */
export const restoreCommand: Command = {
  name: "restore",
  summary: "Make a new manager that holds a backup",
  description:
    "Fills a new or empty data directory and starts nothing. The cluster begins again with this " +
    "machine as its only manager and as a new node; cluster id, secrets and tokens stay. Managers of " +
    "before are listed as workers that are down, to be removed; join others with empty data " +
    "directories. Workers find the cluster again, and keep their tasks, when a manager listens where " +
    "they remember one. Make sure that no manager of before still runs. The other flags are those of " +
    'a first start; "warren daemon" remembers them.',
  args: [{ name: "FILE", summary: 'from "warren cluster backup"', names: "file" }],
  flags: [
    { name: "manager-only", summary: "run no tasks on this machine" },
    // For one start only, so there is nothing to remember.
    ...DAEMON_FLAGS.map((flag): Flag =>
      flag.name === "enable-pprof" ? { ...flag, hidden: true } : flag
    ),
  ],
  examples: [
    {
      line: "warren cluster restore cluster.backup",
      does: "Restore to the default data directory",
    },
    {
      line: "warren cluster restore cluster.backup --data-dir /srv/warren --node-name m1",
      does: "Restore elsewhere, under a name of your choice",
    },
  ],
  run: async (context) => {
    const flags = daemonFlags(context, { join: false, managerOnly: true });
    const { restoreBackup } = await import("../../daemon/offline/mod.ts");
    const { clock } = context.io;
    const report = await restoreBackup({ file: context.arg(0), flags, clock });
    const next = `warren daemon --data-dir ${shellWord(report.dataDir)}`;
    const text = () => restoreText(report, context.nowMs);
    const { nodeId: id, nodeName: name } = report;
    await context.printObject({ id, name, json: restoreJson(report, next), text });
    context.note(`Start it with: ${next}`);
    return 0;
  },
};

function restoreJson(report: RestoreReport, next: string): Readonly<Record<string, unknown>> {
  const { counts, createdMs, formerManagers, ...rest } = report;
  return { ...rest, createdAt: isoTime(createdMs), restored: counts, formerManagers, next };
}

function restoreText(report: RestoreReport, nowMs: number): string {
  const { services, secrets, configs, volumes, nodes } = report.counts;
  return formatFields([
    ["Data directory", report.dataDir],
    ["Cluster", report.clusterId],
    ["Node", `${report.nodeName} (${report.nodeId})`],
    ["Backup", `index ${report.index}, ${formatAge(report.createdMs, nowMs)}`],
    [
      "Restored",
      [
        plural(services, "service"),
        plural(secrets, "secret"),
        plural(configs, "config"),
        plural(volumes, "volume"),
        plural(nodes, "node"),
      ].join(", "),
    ],
    ["To remove", report.formerManagers.join(", ")],
  ]);
}
