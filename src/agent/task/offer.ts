/**
 * One runtime that this node offers, with what all its tasks share: pulls, the gate, the last look.
 */
import type { Clock } from "../../lib/mod.ts";
import type { TaskFiles } from "../files/task_files.ts";
import { type ContainerState, type Runtime, RUNTIME_LABELS } from "../runtime/runtime.ts";
import type { Owner } from "./container_spec.ts";
import { ImagePulls } from "./image_pulls.ts";
import { Limiter } from "./limiter.ts";
import type { StepParts } from "./task_steps.ts";

/** A runtime and the word by which services choose it. */
export interface OfferedRuntime {
  readonly choice: "docker" | "process";
  readonly runtime: Runtime;
}

/** Engine calls at a time. */
const ENGINE_CALLS = 8;

/** A runtime of this node. */
export class Offer {
  readonly choice: OfferedRuntime["choice"];
  readonly runtime: Runtime;
  readonly steps: StepParts;
  /** Why it does not answer, or "". */
  trouble = "";
  #containers: readonly ContainerState[] | null = null;

  constructor(
    offered: OfferedRuntime,
    shared: {
      readonly owner: Owner;
      readonly files: TaskFiles;
      readonly clock: Clock;
      readonly durations: StepParts["durations"];
    },
  ) {
    this.choice = offered.choice;
    this.runtime = offered.runtime;
    const engine = new Limiter(ENGINE_CALLS);
    this.steps = { ...shared, runtime: this.runtime, pulls: new ImagePulls(this.runtime), engine };
  }

  /** Whether it was looked at since the agent was started. */
  get isListed(): boolean {
    return this.#containers !== null;
  }

  /** Containers as last listed. */
  get containers(): readonly ContainerState[] {
    return this.#containers ?? [];
  }

  /** A look brought these. */
  listed(containers: readonly ContainerState[]): void {
    this.#containers = containers;
  }

  /** A container is known to be gone before the next look. */
  gone(id: string): void {
    this.#containers = this.containers.filter((container) => container.id !== id);
  }

  /** Containers of one task, of any attempt, as last listed. */
  containersOf(taskId: string): readonly ContainerState[] {
    return this.containers.filter(({ labels }) => labels[RUNTIME_LABELS.task] === taskId);
  }
}
