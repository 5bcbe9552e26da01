/** Composition root: settings to objects, start, stop. The command line imports it only to run a daemon. */
export type { DaemonFlags, DaemonKind, LogLevelFlag } from "./flags.ts";
export { runDaemon } from "./run_daemon.ts";
