/** `warren cluster init`: the first manager of a new cluster. */
import { DAEMON_FLAGS, daemonFlags } from "../daemon/flags.ts";
import { startDaemon } from "../daemon/run.ts";
import type { Command } from "../tree/command.ts";

/** The command. */
export const initCommand: Command = {
  name: "init",
  summary: "Start a new cluster with this machine as its first manager",
  description:
    "Runs in the foreground until SIGTERM or Ctrl-C. The machine is manager and worker at once unless " +
    "--manager-only is given. When the data directory already holds a manager, it goes on as that one.",
  flags: [
    { name: "manager-only", summary: "run no tasks on this machine" },
    ...DAEMON_FLAGS,
  ],
  examples: [
    { line: "warren cluster init", does: "Start a cluster on this machine" },
    {
      line: "warren cluster init --runtime process --data-dir /tmp/try --socket /tmp/try.sock",
      does: "Try it without a container engine and without touching the system",
    },
  ],
  run: (context) => startDaemon("init", daemonFlags(context, { join: false, managerOnly: true })),
};
