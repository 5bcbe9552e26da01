/**
 * The root of the command tree: every command that there is, in the order of help.
 *
 * Imported by parsing, completion and the generator of the reference. The files of the verbs load what is
 * heavy only when they run.
 */
import { clusterCommand } from "../cluster/mod.ts";
import { configCommand } from "../config/mod.ts";
import { daemonCommand } from "../daemon/daemon.ts";
import { managerCommand } from "../daemon/manager_join.ts";
import { workerCommand } from "../daemon/worker_start.ts";
import { applyCommand } from "../manifest/apply.ts";
import { deleteCommand } from "../manifest/delete.ts";
import { exportCommand } from "../manifest/export.ts";
import { planCommand } from "../manifest/plan.ts";
import { nodeCommand } from "../node/mod.ts";
import { secretCommand } from "../secret/mod.ts";
import { completionCommand } from "../self/completion.ts";
import { installCommand } from "../self/install.ts";
import { versionCommand } from "../self/version.ts";
import { serviceCommand } from "../service/mod.ts";
import { execCommand } from "../task/exec.ts";
import { psCommand } from "../task/list.ts";
import { logsCommand } from "../task/logs.ts";
import { taskCommand } from "../task/mod.ts";
import { topCommand } from "../task/stats.ts";
import { volumeCommand } from "../volume/mod.ts";
import { eventsCommand } from "../watch/events.ts";
import { whyCommand } from "../watch/why.ts";
import type { Command } from "./command.ts";

/** The program. */
export const ROOT: Command = {
  name: "warren",
  summary: "Warren runs services in containers on one machine or many",
  examples: [
    { line: "warren cluster init", does: "Start a cluster on this machine" },
    { line: "warren service create web --image nginx:1.27 -p 8080:80", does: "Run a service" },
    { line: "warren ps", does: "See what runs" },
  ],
  subcommands: [
    clusterCommand,
    nodeCommand,
    managerCommand,
    workerCommand,
    daemonCommand,
    serviceCommand,
    taskCommand,
    psCommand,
    logsCommand,
    execCommand,
    secretCommand,
    configCommand,
    volumeCommand,
    planCommand,
    applyCommand,
    deleteCommand,
    exportCommand,
    eventsCommand,
    whyCommand,
    topCommand,
    completionCommand,
    installCommand,
    versionCommand,
  ],
};
