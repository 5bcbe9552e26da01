/** `warren daemon`: takes up whatever the data directory holds; what a service unit starts. */
import type { Command } from "../tree/command.ts";
import { DAEMON_FLAGS, daemonFlags } from "./flags.ts";
import { startDaemon } from "./run.ts";

/** The command. */
export const daemonCommand: Command = {
  name: "daemon",
  group: "Cluster",
  summary: "Go on as the manager or worker that the data directory holds",
  description:
    "Runs in the foreground until SIGTERM or Ctrl-C. It is what a service unit starts; containers " +
    "that still run are taken over without a restart.",
  flags: DAEMON_FLAGS,
  examples: [
    { line: "warren daemon", does: "Resume this machine's node" },
    { line: "warren daemon --data-dir /srv/warren", does: "Resume from another directory" },
  ],
  run: (context) =>
    startDaemon("resume", daemonFlags(context, { join: false, managerOnly: false })),
};
