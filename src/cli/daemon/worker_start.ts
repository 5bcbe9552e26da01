/** `warren worker start`: joins a cluster and runs its tasks. */
import { usageError } from "../parse/usage.ts";
import type { Command } from "../tree/command.ts";
import { DAEMON_FLAGS, daemonFlags, JOIN_FLAGS } from "./flags.ts";
import { startDaemon } from "./run.ts";

const start: Command = {
  name: "start",
  summary: "Join a cluster as a worker and run its tasks",
  description:
    "Runs in the foreground until SIGTERM or Ctrl-C. When the data directory already holds a worker, " +
    "it goes on as that one, and the token is not needed.",
  flags: [...JOIN_FLAGS, ...DAEMON_FLAGS],
  examples: [
    {
      line: "warren worker start --manager 10.0.0.1:2377 --token TOKEN",
      does: "Join the cluster of a manager",
    },
    {
      line: "warren worker start --manager 10.0.0.1:2377 --token TOKEN --label disk=ssd",
      does: "Join with a label that services can ask for",
    },
  ],
  run: (context) => {
    const flags = daemonFlags(context, { join: true, managerOnly: false });
    if (flags.token !== null && flags.managers.length === 0) {
      throw usageError(
        "Flag --token needs --manager",
        "name a manager to join, for instance --manager 10.0.0.1:2377",
      );
    }
    return startDaemon("worker", flags);
  },
};

/** The group. */
export const workerCommand: Command = {
  name: "worker",
  group: "Cluster",
  summary: "Run this machine as a worker",
  subcommands: [start],
};
