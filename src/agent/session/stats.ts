/**
 * How much the running tasks use, asked of their runtimes.
 *
 * Some engines take a second to answer, so many are asked at a time; one that fails is left out, since
 * the next round comes soon.
 */
import type { Clock, Log } from "../../lib/mod.ts";
import type { TaskStats } from "../../rpc/gen/warren/v1/task.ts";
import { bounded } from "../task/bounded.ts";
import type { Actor } from "../task/actor.ts";

const STATS_TIMEOUT_MS = 8_000;
/** Questions at a time. */
const CONCURRENCY = 32;

/** Figures of every running task; `nodeName` is filled in by the manager. */
export async function readStats(
  actors: Iterable<Actor>,
  context: { readonly clock: Clock; readonly log: Log; readonly signal: AbortSignal },
): Promise<TaskStats[]> {
  const running = [...actors].filter((actor) => actor.local.container?.status === "running");
  const stats: TaskStats[] = [];
  const next = running.values();
  const work = async () => {
    for (const actor of next) {
      const read = await readOne(actor, context);
      if (read) stats.push(read);
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, running.length) }, work));
  return stats;
}

async function readOne(
  actor: Actor,
  { clock, log, signal }: {
    readonly clock: Clock;
    readonly log: Log;
    readonly signal: AbortSignal;
  },
): Promise<TaskStats | undefined> {
  const id = actor.local.container?.id;
  if (!id || !actor.offer) return undefined;
  const { runtime } = actor.offer;
  try {
    const stats = await bounded(
      clock,
      STATS_TIMEOUT_MS,
      signal,
      (until) => runtime.stats(id, until),
    );
    if (!stats) return undefined;
    const { serviceName } = actor.assignment;
    return { taskId: actor.id, serviceName, nodeName: "", atMs: clock.wallNow(), ...stats };
  } catch (error) {
    signal.throwIfAborted();
    log.debug("stats are missing", { component: "agent", task_id: actor.id, error: String(error) });
    return undefined;
  }
}
