/** `warren manager join`: one more manager for a cluster. */
import { usageError } from "../parse/usage.ts";
import type { Command } from "../tree/command.ts";
import { DAEMON_FLAGS, daemonFlags, JOIN_FLAGS } from "./flags.ts";
import { startDaemon } from "./run.ts";

const join: Command = {
  name: "join",
  summary: "Join a cluster as one more manager",
  description:
    "Runs in the foreground until SIGTERM or Ctrl-C. The manager first catches up and then gets a " +
    "vote by itself. It also runs tasks unless --manager-only is given. When the data directory " +
    "already holds a manager, it goes on as that one, and the token is not needed.",
  flags: [
    ...JOIN_FLAGS,
    { name: "manager-only", summary: "run no tasks on this machine" },
    ...DAEMON_FLAGS,
  ],
  examples: [
    {
      line: "warren manager join --manager 127.0.0.1:2377 --token TOKEN",
      does: 'Join; "warren cluster join-token manager" prints this line with its token',
    },
    {
      line: "warren manager join --manager 127.0.0.1:2377 --token TOKEN --node-name m2 " +
        "--data-dir /tmp/m2 --socket /tmp/m2.sock --listen-addr 127.0.0.1:2387 " +
        "--raft-addr 127.0.0.1:7956 --metrics-addr 127.0.0.1:9091",
      does: "A second manager on the same machine, for a try",
    },
  ],
  run: (context) => {
    const flags = daemonFlags(context, { join: true, managerOnly: true });
    if (flags.token !== null && flags.managers.length === 0) {
      throw usageError(
        "Flag --token needs --manager",
        "name a manager to join, for instance --manager 127.0.0.1:2377",
      );
    }
    return startDaemon("join", flags);
  },
};

/** The group. */
export const managerCommand: Command = {
  name: "manager",
  group: "Cluster",
  summary: "Run this machine as one of several managers",
  subcommands: [join],
};
