/** One machine with an agent on it, over the fake runtime and a clock driven by hand, for tests. */
import { ManualClock, noMetrics, Prng, silentLog } from "../lib/mod.ts";
import type { NodeDescription } from "../model/mod.ts";
import type { RoleOrder } from "../rpc/gen/warren/v1/agent.ts";
import { type Agent, startAgent } from "./agent.ts";
import { MemoryFiles } from "./files/memory_files.ts";
import { memoryState, type StateStore } from "./local_state.ts";
import { FakeRuntime } from "./runtime/fake.ts";
import type { AgentIdentity, IdentityStore } from "./session/identity.ts";
import type { Connect } from "./session/link.ts";
import type { ManagerMemory } from "./session/manager_memory.ts";
import type { TestManager } from "./session/testing.ts";

const DESCRIPTION: NodeDescription = {
  hostname: "host",
  os: "linux",
  arch: "amd64",
  runtimes: ["docker"],
  engine: "fake 1",
  resources: { milliCpus: 2_000, memoryBytes: 2 ** 32 },
  version: "0.0.0",
};

/** One machine: what outlives its agent. */
export class Machine {
  readonly clock = new ManualClock();
  readonly runtime = new FakeRuntime({ clock: this.clock });
  state: StateStore = memoryState();
  readonly files = new MemoryFiles();
  saved: AgentIdentity | undefined;
  managers: ManagerMemory | undefined;
  onRole: ((role: RoleOrder) => void) | undefined;
  bootId = "boot1";
  readonly identity: IdentityStore = {
    load: () => Promise.resolve(this.saved),
    save: (identity) => Promise.resolve(void (this.saved = identity)),
  };

  /** Starts an agent; `connect` stands in for the manager's own. */
  start(
    manager: TestManager,
    token: string | null = "token",
    connect: Connect = manager.connect,
  ): Promise<Agent> {
    return startAgent({
      config: { managers: ["m1:1", "m2:1"], nodeName: "node", labels: { zone: "a" }, token },
      runtimes: [{ choice: "docker", runtime: this.runtime }],
      describe: () => Promise.resolve(DESCRIPTION),
      connect,
      identity: this.identity,
      state: this.state,
      ...(this.managers && { managers: this.managers }),
      onRole: (role) => this.onRole?.(role),
      files: () => this.files,
      probes: { ask: () => Promise.resolve("") },
      bootId: this.bootId,
      clock: this.clock,
      prng: new Prng(1),
      log: silentLog,
      metrics: noMetrics,
      signal: new AbortController().signal,
    });
  }

  async settle(byMs = 0): Promise<void> {
    for (let turn = 0; turn < 10; turn++) await this.clock.advance(turn === 0 ? byMs : 0);
  }
}
