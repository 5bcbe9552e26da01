/**
 * Runs the tasks of this node: for each, one step at a time towards what the managers want.
 *
 * The session tells it assignments, runtimes tell it what happens to containers, timers wake it.
 * `transition.ts` chooses each step, `task_steps.ts` carries it out; here is only whose turn it is.
 * Every task's state changes within one synchronous turn. Nothing is done on a runtime before it was
 * looked at once, so a container that runs is always found before another could be made.
 */
import { type Clock, type Log, type Metrics, type Prng, TaskGroup } from "../../lib/mod.ts";
import type { TaskId, TaskStatus } from "../../model/mod.ts";
import type { TaskFiles } from "../files/task_files.ts";
import { runProbe } from "../probe/probe.ts";
import type { ProbeIo } from "../probe/probe_io.ts";
import type { ContainerState, RuntimeEvent } from "../runtime/runtime.ts";
import { nextStep } from "../transition.ts";
import { Actor } from "./actor.ts";
import { adopt } from "./adopt.ts";
import { bounded } from "./bounded.ts";
import type { Assignment } from "./assignment.ts";
import { type Owner, ownerLabels } from "./container_spec.ts";
import { applyResult, type LocalTask, type StepResult } from "./local_task.ts";
import { Offer, type OfferedRuntime } from "./offer.ts";
import { findOrphans } from "./orphans.ts";
import { stepDurations } from "./step_metrics.ts";
import { type EngineStep, runStep } from "./task_steps.ts";
import { watchRuntime } from "./runtime_watch.ts";

/** What the runner works with. */
export interface RunnerParts {
  /** The node's own choice for `auto` first. */
  readonly runtimes: readonly OfferedRuntime[];
  readonly owner: Owner;
  readonly files: TaskFiles;
  readonly probes: ProbeIo;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly log: Log;
  readonly metrics: Metrics;
  /** The machine was restarted since the restored tasks were saved. */
  readonly isRebooted: boolean;
  /** A task's status changed. */
  readonly onStatus: (id: TaskId, status: Omit<TaskStatus, "sequence">) => void;
  /** A task is gone for good: nothing of it is left. */
  readonly onForgotten: (id: TaskId) => void;
  /** Something that must be remembered changed. */
  readonly onChange: () => void;
}

/** A task as it is remembered over a restart. */
export interface RememberedTask {
  readonly assignment: Assignment;
  readonly local: LocalTask;
}

/** A look that takes longer is given up; the next one comes with the next event or safety look. */
const LOOK_TIMEOUT_MS = 30_000;
/** Grace for containers that belong to no task. */
const ORPHAN_STOP_MS = 10_000;

/** The tasks of one node. */
export class TaskRunner {
  readonly #parts: RunnerParts;
  readonly #actors = new Map<TaskId, Actor>();
  readonly #offers: readonly Offer[];
  readonly #group: TaskGroup;
  readonly #removing = new Set<string>();
  #hasFullSet = false;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    const { owner, files, clock, metrics } = parts;
    const durations = stepDurations(metrics);
    this.#offers = parts.runtimes.map((offered) =>
      new Offer(offered, { owner, files, clock, durations })
    );
    this.#group = new TaskGroup((name, error) => {
      parts.log.error("background work failed", {
        component: "agent",
        work: name,
        error: String(error),
      });
    });
  }

  /** Takes up the tasks that a former run remembered; call it before `start`. */
  restore(tasks: readonly RememberedTask[]): void {
    for (const { assignment, local } of tasks) {
      this.#actors.set(assignment.id, this.#newActor(assignment, local));
    }
  }

  /** Begins to watch the runtimes and to work. */
  start(): void {
    for (const offer of this.#offers) {
      const { clock, prng, owner } = this.#parts;
      const watch = { runtime: offer.runtime, labels: ownerLabels(owner), clock, prng };
      this.#group.run(`watch ${offer.runtime.kind}`, (signal) =>
        watchRuntime(watch, {
          onListed: (containers) => this.#onListed(offer, containers),
          onEvent: (event) => this.#onEvent(offer, event),
          onTrouble: (message) => this.#onTrouble(offer, message),
        }, signal));
    }
  }

  /** Stops working; containers run on. */
  async stop(): Promise<void> {
    for (const actor of this.#actors.values()) actor.close();
    await this.#group.stop();
  }

  /** New and changed assignments. */
  assign(assignments: readonly Assignment[]): void {
    for (const assignment of assignments) {
      const known = this.#actors.get(assignment.id);
      const actor = known ?? this.#newActor(assignment, null);
      if (!known) this.#actors.set(assignment.id, actor);
      actor.reassign(assignment);
      this.#adoptWhenListed(actor);
      this.#drive(actor);
    }
    this.#parts.onChange();
  }

  /** Tasks that the managers do not know any more: stopped, and every trace removed. */
  unassign(ids: readonly TaskId[]): void {
    for (const id of ids) {
      const actor = this.#actors.get(id);
      if (!actor) continue;
      actor.unassign();
      this.#drive(actor);
    }
    this.#parts.onChange();
  }

  /** A full set is complete: `ids` are all the tasks there are, and what else is here may go. */
  completeFullSet(ids: ReadonlySet<TaskId>): void {
    this.#hasFullSet = true;
    this.unassign([...this.#actors.keys()].filter((id) => !ids.has(id)));
    for (const offer of this.#offers) this.#removeOrphans(offer);
    this.#group.run("sweep files", () => this.#parts.files.sweep(new Set(this.#actors.keys())));
  }

  /** Tasks as they are to be remembered. */
  remember(): readonly RememberedTask[] {
    return [...this.#actors.values()]
      .filter((actor) => !actor.isGone)
      .map(({ assignment, local }) => ({ assignment, local }));
  }

  /** The task with this id, for logs, exec and stats. */
  find(id: TaskId): Actor | undefined {
    return this.#actors.get(id);
  }

  /** Why a runtime does not answer, or "". */
  get trouble(): string {
    return this.#offers.find((offer) => offer.trouble !== "")?.trouble ?? "";
  }

  /** Every task. */
  actors(): Iterable<Actor> {
    return this.#actors.values();
  }

  #newActor(assignment: Assignment, memory: LocalTask | null): Actor {
    return new Actor(assignment, this.#offerOf(assignment), memory);
  }

  #offerOf({ spec }: Assignment): Offer | undefined {
    if (spec.runtime === "auto") return this.#offers[0];
    return this.#offers.find(({ choice }) => choice === spec.runtime);
  }

  /** Once the runtime was looked at, finds the task's containers among what was seen. */
  #adoptWhenListed(actor: Actor): void {
    if (actor.isAdopted || (actor.offer && !actor.offer.isListed)) return;
    const containers = actor.offer?.containersOf(actor.id) ?? [];
    const { isRebooted, clock } = this.#parts;
    const found = { containers, memory: actor.memory, isRebooted, nowMs: clock.wallNow() };
    actor.adopted(adopt(actor.assignment, found));
    if (actor.local.container) this.#look(actor);
  }

  #drive(actor: Actor): void {
    if (this.#group.signal.aborted || !actor.isAdopted) return this.#publish(actor);
    while (!actor.isBusy) {
      const nowMs = this.#parts.clock.wallNow();
      const step = nextStep(actor.assignment, actor.local, nowMs);
      if (step.kind === "wait") {
        if (step.wakeAtMs !== null) this.#wakeAt(actor, step.wakeAtMs);
        break;
      }
      if (step.kind === "schedule_retry") this.#apply(actor, { ...step, kind: "retry_at" });
      else if (step.kind === "end") this.#apply(actor, { ...step, kind: "ended" });
      else this.#begin(actor, step.kind);
    }
    this.#syncProbe(actor);
    if (!actor.isUnexplained) this.#publish(actor);
    if (actor.isGone && actor.local.isDiscarded && !actor.isBusy) this.#forget(actor);
  }

  #apply(actor: Actor, result: StepResult): void {
    actor.local = applyResult(actor.local, result);
    this.#parts.onChange();
  }

  #wakeAt(actor: Actor, atMs: number): void {
    const delayMs = Math.max(0, atMs - this.#parts.clock.wallNow());
    actor.setTimer(this.#parts.clock.after(delayMs, () => this.#drive(actor)));
  }

  #begin(actor: Actor, step: EngineStep): void {
    const { offer } = actor;
    if (!offer) return this.#apply(actor, this.#notOffered(actor, step));
    const abort = actor.begin(step);
    this.#group.run(`${step} ${actor.name}`, async (stopped) => {
      const signal = AbortSignal.any([abort, stopped]);
      const notice = (text: string) => {
        this.#apply(actor, { kind: "notice", notice: text });
        this.#publish(actor);
      };
      const { assignment, local } = actor;
      const result = await runStep(step, { assignment, local, signal, notice }, offer.steps);
      actor.finish();
      this.#apply(actor, result);
      this.#drive(actor);
    });
  }

  /** A task for a runtime that this node has not: it never had a container here. */
  #notOffered(actor: Actor, step: EngineStep): StepResult {
    if (step === "discard") return { kind: "discarded" };
    if (step === "clean") return { kind: "cleaned" };
    const { runtime } = actor.assignment.spec;
    const outcome = {
      state: "failed",
      reason: "RUNTIME_NOT_OFFERED",
      message: `this node does not offer the runtime "${runtime}"`,
      exitCode: null,
      lastLines: [],
      atMs: this.#parts.clock.wallNow(),
    } as const;
    return { kind: "ended", outcome };
  }

  #syncProbe(actor: Actor): void {
    const options = actor.wantsProbe();
    if (!options) return;
    const { probes: io, clock } = this.#parts;
    const { signal, containerId, ...rest } = options;
    const onHealth = (health: "healthy" | "unhealthy", message: string) => {
      if (actor.local.container?.id !== containerId) return;
      this.#apply(actor, { kind: "probed", health, message });
      this.#drive(actor);
    };
    const aliveMs = Math.max(0, clock.wallNow() - (actor.local.container?.startedMs ?? 0));
    this.#group.run(
      `probe ${actor.name}`,
      (stopped) =>
        runProbe({
          ...rest,
          io,
          clock,
          aliveMs,
          onHealth,
          signal: AbortSignal.any([signal, stopped]),
        }),
    );
  }

  #publish(actor: Actor): void {
    const status = actor.changedStatus(this.#parts.clock.wallNow());
    if (status) this.#parts.onStatus(actor.id, status);
    actor.tellListeners();
  }

  #forget(actor: Actor): void {
    actor.close();
    this.#actors.delete(actor.id);
    this.#parts.onForgotten(actor.id);
    this.#parts.onChange();
  }

  #onEvent(offer: Offer, event: RuntimeEvent): void {
    if (event.kind === "started") return; // the step that started it looks itself
    for (const actor of this.#actors.values()) {
      if (actor.offer === offer && actor.local.container?.id === event.containerId) {
        return this.#look(actor);
      }
    }
  }

  /** Asks the runtime what the task's container does now. */
  #look(actor: Actor): void {
    const id = actor.local.container?.id;
    const { offer } = actor;
    if (!id || !offer) return;
    this.#group.run(`look at ${actor.name}`, async (signal) => {
      try {
        const { clock } = this.#parts;
        const container = await bounded(clock, LOOK_TIMEOUT_MS, signal, (until) =>
          offer.runtime.inspect(id, until)) ?? null;
        if (actor.local.container?.id === id) {
          this.#seen(actor, container);
        }
      } catch (error) {
        // The watch notices an engine that is away, and looks again when it is back.
        this.#parts.log.debug("a look failed", {
          component: "agent",
          task_id: actor.id,
          error: String(error),
        });
      }
    });
  }

  #seen(actor: Actor, container: ContainerState | null): void {
    this.#apply(actor, { kind: "seen", container, atMs: this.#parts.clock.wallNow() });
    this.#drive(actor);
  }

  #onListed(offer: Offer, containers: readonly ContainerState[]): void {
    offer.listed(containers);
    const byId = new Map(containers.map((container) => [container.id, container]));
    for (const actor of this.#actors.values()) {
      if (actor.offer !== offer) continue;
      if (!actor.isAdopted) this.#adoptWhenListed(actor);
      const own = byId.get(actor.local.container?.id ?? "");
      if (own) this.#seen(actor, own);
      else if (actor.local.container && !actor.isBusy) this.#look(actor);
      this.#drive(actor);
    }
    this.#removeOrphans(offer);
  }

  #onTrouble(offer: Offer, message: string): void {
    offer.trouble = message;
    const { log } = this.#parts;
    if (message === "") {
      log.info("the runtime answers", { component: "agent", runtime: offer.choice });
    } else {log.warn("the runtime does not answer", {
        component: "agent",
        runtime: offer.choice,
        error: message,
      });}
    for (const actor of this.#actors.values()) {
      if (actor.offer !== offer) continue;
      if (message === "") actor.local = { ...actor.local, pauseUntilMs: 0 };
      actor.trouble = message;
      this.#drive(actor);
    }
  }

  /** Containers of this node that belong to no task; only once all tasks are known. */
  #removeOrphans(offer: Offer): void {
    if (!this.#hasFullSet) return;
    for (const orphan of findOrphans(offer.containers, this.#actors)) {
      if (this.#removing.has(orphan.id)) continue;
      this.#removing.add(orphan.id);
      this.#parts.log.info("removing a container of no task", {
        component: "agent",
        container: orphan.name,
      });
      this.#group.run(`remove ${orphan.name}`, async (signal) => {
        try {
          const stop = { timeoutMs: ORPHAN_STOP_MS, stopSignal: "", signal };
          await offer.runtime.stop(orphan.id, stop);
          await offer.runtime.remove(orphan.id, signal);
          offer.gone(orphan.id);
        } finally {
          this.#removing.delete(orphan.id);
        }
      });
    }
  }
}
