/**
 * The agent of a node: keeps a session with the managers and runs the tasks they assign, on Docker,
 * as host processes, or in memory. It knows nothing of the store, the log or scheduling.
 */
export { type Agent, type AgentConfig, type AgentParts, startAgent } from "./agent.ts";
export { MemoryFiles } from "./files/memory_files.ts";
export { memoryState } from "./local_state.ts";
export { type ProbeIo } from "./probe/probe_io.ts";
export { FakeRuntime } from "./runtime/fake.ts";
export type { RoleOrder } from "../rpc/gen/warren/v1/agent.ts";
export { type AgentIdentity, fileIdentity, type IdentityStore } from "./session/identity.ts";
export { channelLink, type Connect, type ManagerLink } from "./session/link.ts";
export { type ManagerMemory, memoryManagers } from "./session/manager_memory.ts";
export { type HostAgentOptions, startHostAgent } from "./start_on_host.ts";
