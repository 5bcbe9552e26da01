/** The commands about the cluster itself. */
import type { Command } from "../tree/command.ts";
import { backupCommand } from "./backup.ts";
import { infoCommand } from "./info.ts";
import { initCommand } from "./init.ts";
import { joinTokenCommand } from "./join_token.ts";
import { recoverCommand } from "./recover.ts";
import { restoreCommand } from "./restore.ts";
import { transferLeaderCommand } from "./transfer_leader.ts";

/** The group. */
export const clusterCommand: Command = {
  name: "cluster",
  group: "Cluster",
  summary: "Start a cluster, look at it, let machines join",
  subcommands: [
    initCommand,
    infoCommand,
    joinTokenCommand,
    transferLeaderCommand,
    backupCommand,
    restoreCommand,
    recoverCommand,
  ],
};
