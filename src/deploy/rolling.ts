/**
 * The rolling strategy: replaces the tasks of a service a batch at a time, and stops by itself when
 * new tasks do not hold.
 *
 * Called by the planner on every pass over the service; it keeps no state but `service.rollout`.
 * Invariant: with start-first a serving task is only let go once the new task of its slot has
 * served through the monitor window.
 */
import { type WallMs, wallMs } from "../lib/mod.ts";
import {
  type Rollout,
  type Service,
  type ServiceSpec,
  specChange,
  type Task,
} from "../model/mod.ts";
import { observe, type ObservedSlot } from "./observe.ts";
import { isServing } from "./slot.ts";
import { orderOf, type Rollback, type RolloutDecision, type StrategyInput } from "./strategy.ts";

/** The next step of the rollout of `service`, if there is one to make. */
export function planRolling(input: StrategyInput): RolloutDecision {
  const slots = observe(input);
  const quiet: RolloutDecision = {
    replace: [],
    retire: retirable(slots),
    rollout: null,
    rollback: null,
    wakeAtMs: settlingWake(slots, input.nowMs),
  };
  const rollout = findRollout(input, slots);
  if (!rollout) return quiet;
  const failures = Math.max(rollout.failures, slots.filter((slot) => slot.hasFailed).length);
  const seen: Rollout = { ...rollout, failures };
  const tolerates = input.service.spec.update.failureAction === "continue" ||
    failures <= input.service.spec.update.maxFailureRatio * slots.length;
  if (!tolerates) return { ...quiet, ...stopped(input, seen, slots) };
  const step = nextStep(input, seen, { slots, quiet });
  return { ...quiet, ...step, wakeAtMs: earlier(quiet.wakeAtMs, step.wakeAtMs ?? null) };
}

/**
 * Old tasks that the new one of their slot has made superfluous, or that do nothing anyway. Of
 * several in one slot, left by updates in quick succession, only the one longest in service stays.
 */
function retirable(slots: readonly ObservedSlot[]): readonly Task[] {
  return slots.flatMap(({ slot, phase }) => {
    const { keeper, outdated } = slot;
    if (phase === "settled") return outdated;
    const serving = outdated.find(isServing);
    const kept = serving ?? (keeper ? undefined : outdated[0]);
    return outdated.filter((task) => task !== kept);
  });
}

function earlier(a: WallMs | null, b: WallMs | null): WallMs | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}

function settlingWake(slots: readonly ObservedSlot[], nowMs: WallMs): WallMs | null {
  return earliestSettling(slots.filter(({ slot }) => slot.outdated.length > 0), nowMs);
}

/** The rollout that is under way, or a new one when tasks are outdated and none was stopped. */
function findRollout(
  { service, nowMs }: StrategyInput,
  slots: readonly ObservedSlot[],
): Rollout | null {
  const { rollout } = service;
  const isOfRevision = rollout?.toRevision === service.revision;
  if (rollout && isOfRevision && isActive(rollout)) return rollout;
  if (rollout && isOfRevision && (rollout.state === "paused" || rollout.state === "failed")) {
    return null;
  }
  const old = slots.find(({ phase }) => phase === "old")?.slot.outdated[0];
  return old ? startedRollout(service, old.revision, nowMs) : null;
}

function isActive(rollout: Rollout): boolean {
  return rollout.state === "updating" || rollout.state === "rolling_back";
}

function startedRollout(service: Service, fromRevision: number, nowMs: WallMs): Rollout {
  return {
    state: "updating",
    fromRevision,
    toRevision: service.revision,
    message: "",
    startedMs: nowMs,
    stepMs: nowMs,
    endedMs: null,
    failures: 0,
  };
}

/** Ends a rollout whose new tasks do not hold, as its owner chose. */
function stopped(
  { service, nowMs }: StrategyInput,
  rollout: Rollout,
  slots: readonly ObservedSlot[],
): Pick<RolloutDecision, "rollout" | "rollback"> {
  const message = failureMessage(rollout, slots);
  const ended = { ...rollout, message, endedMs: nowMs };
  if (rollout.state === "rolling_back") {
    return { rollout: { ...ended, state: "failed" }, rollback: null };
  }
  if (service.spec.update.failureAction === "rollback") {
    const rollback = findRollback(service, { ...rollout, message, endedMs: null }, nowMs);
    if (rollback) return { rollout: null, rollback };
  }
  return { rollout: { ...ended, state: "paused" }, rollback: null };
}

/** `2 of 5 new tasks failed: exit code 1`. */
function failureMessage(rollout: Rollout, slots: readonly ObservedSlot[]): string {
  const failed = slots.find((slot) => slot.hasFailed)?.slot.keeper;
  const what = slots.length === 1
    ? "the new task"
    : `${rollout.failures} of ${slots.length} new tasks`;
  return `${what} failed${failed?.status.message ? `: ${failed.status.message}` : ""}`;
}

/**
 * The way back to the revision that was replaced. How many tasks there are is not part of it: a
 * service that was scaled meanwhile keeps its size.
 */
function findRollback(service: Service, failed: Rollout, nowMs: WallMs): Rollback | null {
  const earlier = service.history.find(({ revision }) => revision === failed.fromRevision);
  if (!earlier) return null;
  const isSameMode = earlier.spec.mode.kind === service.spec.mode.kind;
  const spec: ServiceSpec = isSameMode
    ? { ...earlier.spec, mode: service.spec.mode }
    : earlier.spec;
  if (specChange(service.spec, spec) !== "replace") return null;
  return {
    spec,
    rollout: {
      state: "rolling_back",
      fromRevision: service.revision,
      toRevision: service.revision + 1,
      message: `going back to revision ${earlier.revision}: ${failed.message}`,
      startedMs: nowMs,
      stepMs: nowMs,
      endedMs: null,
      failures: 0,
    },
  };
}

interface Progress {
  readonly slots: readonly ObservedSlot[];
  readonly quiet: RolloutDecision;
}

/** Waits for the batch under way, starts the next one, or ends the rollout. */
function nextStep(
  { service, nowMs }: StrategyInput,
  rollout: Rollout,
  { slots, quiet }: Progress,
): Partial<RolloutDecision> {
  const trying = slots.filter(({ phase }) => phase === "empty" || phase === "trying");
  if (trying.length > 0) {
    const next = { ...rollout, message: waitingMessage(rollout, trying) };
    return { rollout: changed(service, next), wakeAtMs: earliestSettling(slots, nowMs) };
  }
  const old = slots.filter(({ phase }) => phase === "old");
  if (old.length === 0) return { rollout: completed(rollout, slots, nowMs) };
  const nextMs = batchEnd(service, slots) + service.spec.update.delayMs;
  if (nowMs < nextMs) return { rollout: changed(service, rollout), wakeAtMs: wallMs(nextMs) };
  const batch = brokenFirst(old).slice(0, Math.max(1, service.spec.update.parallelism));
  return {
    replace: batch.map(({ slot }) => slot),
    retire: [...new Set([...quiet.retire, ...batch.flatMap((each) => goingFirst(service, each))])],
    rollout: changed(service, { ...rollout, message: waitingMessage(rollout, []), stepMs: nowMs }),
  };
}

function earliestSettling(slots: readonly ObservedSlot[], nowMs: WallMs): WallMs | null {
  let earliest: WallMs | null = null;
  for (const { settlesMs } of slots) {
    if (settlesMs !== null && settlesMs > nowMs) earliest = earlier(earliest, settlesMs);
  }
  return earliest;
}

/** What a batch waits for when a new task finds no node; the reason of a way back stays. */
function waitingMessage(rollout: Rollout, trying: readonly ObservedSlot[]): string {
  if (rollout.state === "rolling_back") return rollout.message;
  const waiting = trying.find(({ slot }) => slot.keeper?.unplaced)?.slot;
  if (waiting) {
    const way = waiting.outdated.length > 0
      ? " (update order stop-first would let the old task make room)"
      : "";
    return `a new task waits: ${waiting.keeper?.unplaced?.message}${way}`;
  }
  return rollout.message.startsWith("a new task waits: ") ? "" : rollout.message;
}

/** When the last batch was through: its last task settled or failed. 0 before the first batch. */
function batchEnd(service: Service, slots: readonly ObservedSlot[]): number {
  let endMs = 0;
  for (const { slot, settlesMs } of slots) {
    if (slot.keeper?.revision !== service.revision) continue;
    endMs = Math.max(endMs, settlesMs ?? slot.keeper.updatedMs);
  }
  return endMs;
}

/** Slots that do not serve lose nothing, and may gain everything. */
function brokenFirst(old: readonly ObservedSlot[]): readonly ObservedSlot[] {
  const serves = ({ slot }: ObservedSlot) => slot.outdated.some(isServing);
  return [...old.filter((each) => !serves(each)), ...old.filter(serves)];
}

/** Old tasks that end before the new one starts; those that serve do so with stop-first only. */
function goingFirst(service: Service, { slot }: ObservedSlot): readonly Task[] {
  const isStopFirst = orderOf(service.spec) === "stop-first";
  return slot.outdated.filter((task) => isStopFirst || !isServing(task));
}

function completed(rollout: Rollout, slots: readonly ObservedSlot[], nowMs: WallMs): Rollout {
  const kept = rollout.failures > 0
    ? `${rollout.failures} of ${slots.length} new tasks failed on the way`
    : "";
  return {
    ...rollout,
    state: rollout.state === "rolling_back" ? "rolled_back" : "completed",
    message: rollout.state === "rolling_back" ? rollout.message : kept,
    endedMs: nowMs,
  };
}

/** `next` if it says anything new. */
function changed(service: Service, next: Rollout): Rollout | null {
  const known = service.rollout;
  const isSame = known && known.state === next.state && known.message === next.message &&
    known.stepMs === next.stepMs && known.failures === next.failures &&
    known.toRevision === next.toRevision && known.startedMs === next.startedMs;
  return isSame ? null : next;
}
