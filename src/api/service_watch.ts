/**
 * WatchService: the state of one service now and after each change, until it is gone.
 *
 * Level-triggered: each message is the whole truth, and changes that come faster than the reader or
 * than {@link MIN_INTERVAL_MS} are told as one. Nothing is queued.
 */
import { sleep } from "../lib/mod.ts";
import { asId, isTerminal, type ServiceId, slotKey, type Task } from "../model/mod.ts";
import type { StreamCall } from "../rpc/mod.ts";
import type { WatchServiceRequest, WatchServiceResponse } from "../rpc/gen/warren/v1/service.ts";
import type { ChangeFeed, StateView } from "../store/mod.ts";
import type { ApiContext } from "./context.ts";
import { serviceWithHistory } from "./convert/service.ts";
import { nodeNameOf, taskToProto } from "./convert/task.ts";
import { resolveService } from "./resolve.ts";
import { type Progress, serviceProgress } from "./service_progress.ts";

/** Least time between two messages, unless the later one says that the service has settled. */
const MIN_INTERVAL_MS = 30;
/** Services with more tasks than this are not judged ahead of time. */
const MAX_EAGER_TASKS = 200;

/**
 * Serves one watch, also of a service that is removed and whose tasks have not all gone.
 *
 * @throws WarrenError SERVICE_NOT_FOUND, NAME_AMBIGUOUS.
 */
export async function watchService(
  context: ApiContext,
  request: WatchServiceRequest,
  call: Pick<StreamCall<WatchServiceResponse>, "write" | "signal">,
): Promise<void> {
  const { view, clock, feed } = context;
  const id = findRemoved(view, request.ref) ?? resolveService(view, request.ref).id;
  const changes = new ServiceChanges(feed, id);
  try {
    while (true) {
      changes.clear();
      const sentMs = clock.monoNow();
      const state = stateOf(context, id);
      await call.write(messageOf(view, state));
      if (!state.service && state.progress.settled) return;
      const { lookAgainMs } = state.progress;
      const waitMs = lookAgainMs === null ? null : Math.max(1, lookAgainMs - clock.wallNow());
      await changes.next(context, waitMs, call.signal);
      const restMs = sentMs + MIN_INTERVAL_MS - clock.monoNow();
      if (restMs > 0 && !isSettledEarly(context, id)) await sleep(clock, restMs, call.signal);
    }
  } finally {
    changes.close();
  }
}

/** The id of a service that is removed and still has tasks that have not ended. */
function findRemoved(view: StateView, ref: string): ServiceId | undefined {
  const id = asId<ServiceId>(ref);
  if (view.service(id) || view.serviceByName(ref)) return undefined;
  for (const _ of view.tasksOfService(id)) return id;
  let newest: Task | undefined;
  for (const task of view.tasks()) if (task.serviceName === ref) newest = task;
  return newest?.serviceId;
}

/** Notes whether the watched service, or one of its tasks, changed. */
class ServiceChanges {
  readonly #unsubscribe: () => void;
  #isDirty = false;
  #wake: () => void = () => {};

  constructor(feed: ChangeFeed, id: ServiceId) {
    this.#unsubscribe = feed.subscribe(({ changes }) => {
      for (const change of changes) {
        const row = change.after ?? change.before;
        const isOurs = (change.table === "services" && row?.id === id) ||
          (change.table === "tasks" && (change.after ?? change.before)?.serviceId === id);
        if (!isOurs) continue;
        this.#isDirty = true;
        this.#wake();
        return;
      }
    });
  }

  clear(): void {
    this.#isDirty = false;
  }

  close(): void {
    this.#unsubscribe();
  }

  /** Settles at the next change since `clear`, or after `waitMs`. @throws the signal's reason. */
  async next(
    { clock }: Pick<ApiContext, "clock">,
    waitMs: number | null,
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted();
    if (this.#isDirty) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const cancel = waitMs === null ? () => {} : clock.after(waitMs, resolve);
    signal.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    cancel();
    signal.throwIfAborted();
  }
}

interface ServiceState {
  readonly service: ReturnType<StateView["service"]>;
  readonly tasks: readonly Task[];
  readonly progress: Progress;
}

function stateOf({ view, clock }: ApiContext, id: ServiceId): ServiceState {
  const service = view.service(id);
  const tasks = Array.from(view.tasksOfService(id));
  return {
    service,
    tasks,
    progress: serviceProgress(view, { service, tasks, nowMs: clock.wallNow() }),
  };
}

/** Good news is not held back. */
function isSettledEarly(context: ApiContext, id: ServiceId): boolean {
  let count = 0;
  for (const _ of context.view.tasksOfService(id)) if (++count > MAX_EAGER_TASKS) return false;
  return stateOf(context, id).progress.settled;
}

function messageOf(
  view: StateView,
  { service, tasks, progress }: ServiceState,
): WatchServiceResponse {
  return {
    service: service ? serviceWithHistory(view, service) : undefined,
    tasks: shownTasks(tasks).map((task) => taskToProto(task, nodeNameOf(view, task))),
    settled: progress.settled,
    waitingFor: progress.waitingFor,
  };
}

/** Those that have not ended, and of each slot the one that ended last. */
function shownTasks(tasks: readonly Task[]): readonly Task[] {
  const lastEnded = new Map<unknown, Task>();
  for (const task of tasks) {
    if (!isTerminal(task.status.state)) continue;
    const slot = slotKey(task);
    const known = lastEnded.get(slot);
    if (!known || task.createdMs >= known.createdMs) lastEnded.set(slot, task);
  }
  const kept = new Set(lastEnded.values());
  return tasks.filter((task) => kept.has(task) || !isTerminal(task.status.state));
}
