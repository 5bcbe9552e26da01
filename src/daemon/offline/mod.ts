/** Work on the data directory of a manager that does not run: restore from a backup, recover alone. */
export { restoreBackup, type RestoreReport } from "./restore.ts";
export { Survivor, type SurvivorReport } from "./survivor.ts";
export { type Findings, type ManagerFound } from "./findings.ts";
export { type Judgement, judgeRecovery } from "./judge.ts";
export {
  dialManager,
  type ManagerAnswer,
  type ManagerDialer,
  type ManagerSeen,
} from "./look_around.ts";
