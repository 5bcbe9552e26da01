/** What a manager says of its own health. */
import { VERSION } from "../lib/mod.ts";
import type { ComponentHealth } from "../telemetry/mod.ts";
import type { ManagerState } from "./manager_state.ts";

/** Consensus, the control loop and the API; `planning` is why the last pass failed, or "". */
export function managerHealth({ raft }: ManagerState, planning: string): ComponentHealth[] {
  const trouble = raftTrouble(raft);
  return [
    { name: "raft", isHealthy: raft.fault === null, isReady: trouble === "", message: trouble },
    { name: "control_loop", isHealthy: planning === "", isReady: true, message: planning },
    { name: "api", isHealthy: true, isReady: true, message: `version ${VERSION}` },
  ];
}

function raftTrouble({ fault, status, leader }: ManagerState["raft"]): string {
  if (fault) return "its log cannot be written any more";
  if (status?.isDiskFull) return "the disk is full";
  if (leader === null) return "there is no leader";
  return "";
}
