/** The shell of a manager: the log behind the proposer, the control loop, agent sessions. */
export { refreshSelf, type SelfNode, setUpCluster } from "./cluster_setup.ts";
export { ControlLoop } from "./control_loop.ts";
export { nodeCredentials, sealedJoinToken } from "./credentials.ts";
export {
  type LeaderPart,
  Leadership,
  type LeadershipParts,
  type LeaderTurn,
} from "./leadership.ts";
export { openDataDir } from "./data_dir.ts";
export { RaftNode } from "./raft/raft_node.ts";
export type { RaftSetup } from "./raft/protocol.ts";
export { storeMachine } from "./raft/state_machine.ts";
export { type PreviewedTask, previewPlacements } from "./preview.ts";
export { AgentGateway } from "./sessions/agent_gateway.ts";
export { agentService } from "./sessions/agent_service.ts";
