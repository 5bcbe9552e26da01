/** Assignments and a runner over the fake runtime, for the tests of the agent. */
import { ManualClock, noMetrics, Prng, silentLog } from "../../lib/mod.ts";
import { asId, DEFAULT_TASK, type NodeId, type TaskId, type TaskSpec } from "../../model/mod.ts";
import { MemoryFiles } from "../files/memory_files.ts";
import type { ProbeIo } from "../probe/probe_io.ts";
import { FakeRuntime } from "../runtime/fake.ts";
import type { Assignment } from "./assignment.ts";
import { type RememberedTask, TaskRunner } from "./task_runner.ts";

/** An assignment of task `id` of service `web`, with a spec like the default one. */
export function testAssignment(id: string, spec: Partial<TaskSpec> = {}): Assignment {
  return {
    id: asId<TaskId>(id),
    serviceId: "s1",
    serviceName: "web",
    slot: 1,
    revision: 1,
    desired: "running",
    spec: { ...DEFAULT_TASK, image: "web:1", ...spec },
    secrets: [],
    configs: [],
    volumes: [],
    known: { restarts: 0, sequence: 0, isTerminal: false },
  };
}

/** Who owns the containers of these tests. */
export const TEST_OWNER = { clusterId: "cluster1", nodeId: asId<NodeId>("node1") } as const;

/** A runner with everything around it in memory. */
export class RunnerScene implements AsyncDisposable {
  readonly clock: ManualClock;
  readonly runtime: FakeRuntime;
  readonly files = new MemoryFiles();
  readonly runner: TaskRunner;
  /** Statuses as `id state restarts message`, in order. */
  readonly told: string[] = [];
  readonly forgotten: string[] = [];
  /** What probes answer: "" is well. */
  answer = "";

  constructor(
    options: {
      readonly before?: { readonly runtime: FakeRuntime; readonly clock: ManualClock };
      readonly remembered?: readonly RememberedTask[];
      readonly isRebooted?: boolean;
    } = {},
  ) {
    this.clock = options.before?.clock ?? new ManualClock();
    this.runtime = options.before?.runtime ?? new FakeRuntime({ clock: this.clock });
    const probes: ProbeIo = { ask: () => Promise.resolve(this.answer) };
    this.runner = new TaskRunner({
      runtimes: [{ choice: "docker", runtime: this.runtime }],
      owner: TEST_OWNER,
      files: this.files,
      probes,
      clock: this.clock,
      prng: new Prng(1),
      log: silentLog,
      metrics: noMetrics,
      isRebooted: options.isRebooted ?? false,
      onStatus: (id, { state, restarts, message }) =>
        void this.told.push(`${id} ${state} ${restarts} ${message}`.trim()),
      onForgotten: (id) => void this.forgotten.push(id),
      onChange: () => {},
    });
    this.runner.restore(options.remembered ?? []);
    this.runner.start();
  }

  /** Statuses told since the last call. */
  news(): string[] {
    return this.told.splice(0);
  }

  /** Lets everything that is due happen. */
  async settle(byMs = 0): Promise<void> {
    for (let turn = 0; turn < 10; turn++) await this.clock.advance(turn === 0 ? byMs : 0);
  }

  /** Ends the runner as a kill of the agent would, and gives what the next one finds. */
  async kill() {
    const remembered = this.runner.remember();
    await this.runner.stop();
    return { before: { runtime: this.runtime, clock: this.clock }, remembered };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runner.stop();
    await this.runtime[Symbol.asyncDispose]();
  }
}
