/**
 * Keeps the record of this manager's own node true: where it listens, and what its flags ask for.
 *
 * Runs in the background, since at a start there may be no leader to tell. Ends once it is done.
 */
import {
  backoffDelayMs,
  isRetryable,
  RECONNECT_BACKOFF,
  sleep,
  TaskGroup,
  WarrenError,
} from "../lib/mod.ts";
import { refreshSelf, type SelfNode } from "../manager/mod.ts";
import type { ManagerState } from "./manager_state.ts";

/** Tells the cluster about `self`, as soon as there is a leader; answers whether that is done. */
export function startSelfRecord(
  { raft, store, clock, log }: ManagerState,
  self: SelfNode,
  stack: AsyncDisposableStack,
): () => boolean {
  const group = stack.use(
    new TaskGroup((_, error) => {
      const { message } = WarrenError.from(error, "Cannot record this node");
      log.warn("the cluster could not be told where this manager is", { error: message });
    }),
  );
  let isDone = false;
  group.run("self record", async (signal) => {
    for (let attempt = 0;; attempt++) {
      try {
        await raft.fresh(signal);
        await refreshSelf(self, { view: store.view, proposer: raft });
        isDone = true;
        return;
      } catch (error) {
        // Done twice, it is done once: whatever became of it may be found out by doing it again.
        const isLost = error instanceof WarrenError && error.reason === "UNKNOWN_OUTCOME";
        if (!isLost && !isRetryable(error)) throw error;
        await sleep(clock, backoffDelayMs(RECONNECT_BACKOFF, attempt, Math.random()), signal);
      }
    }
  });
  return () => isDone;
}
