/**
 * The agent's connection to the managers: a session with one of them after the other, for ever.
 *
 * It goes to any of the managers, at once when one is lost, and the longer none serves the more
 * seldom. What runs on this node does not depend on it: losing the connection changes nothing but
 * what is told.
 */
import { type Clock, type Prng, sleep, WarrenError } from "../../lib/mod.ts";
import type { Welcome } from "../../rpc/gen/warren/v1/agent.ts";
import type { Connect } from "./link.ts";
import { isElection, type ManagerList, pauseMs, welcomeLimitMs } from "./manager_list.ts";
import { OneSession, type OneSessionParts, type SessionTry } from "./one_session.ts";

/** What sessions work with. */
export interface SessionParts extends OneSessionParts {
  readonly connect: Connect;
  readonly managers: ManagerList;
  readonly clock: Clock;
  readonly prng: Prng;
  /** The managers said anew where they are. */
  readonly onManagers: () => void;
  /** The managers removed this node: there will be no further session. */
  readonly onRemoved: (removed: WarrenError) => void;
}

/**
 * A session that lasted this long worked: what broke it is no reason to wait with the next one. Nor
 * is an election.
 */
const STEADY_SESSION_MS = 2_000;

/** Keeps a session with some manager until aborted, or until the node was removed. */
export async function runSession(parts: SessionParts, signal: AbortSignal): Promise<void> {
  const { clock, prng, managers, log } = parts;
  let awaySinceMs = clock.monoNow();
  let told = "";
  let { labels } = parts;
  while (!signal.aborted) {
    const address = managers.next(clock.monoNow());
    let welcomedMs = Infinity;
    const onWelcome = (welcome: Welcome) => {
      welcomedMs = clock.monoNow();
      if (managers.learn(welcome.managers)) parts.onManagers();
    };
    const welcomeMs = welcomeLimitMs(clock.monoNow() - awaySinceMs);
    const error = await endOfSession(
      { ...parts, labels },
      address,
      { welcomeMs, onWelcome },
      signal,
    );
    if (signal.aborted) return;
    if (error.reason === "NODE_REMOVED") return parts.onRemoved(error);
    const nowMs = clock.monoNow();
    const wasWelcome = welcomedMs !== Infinity;
    if (wasWelcome) labels = {}; // told once: what operators change meanwhile is not undone
    if (wasWelcome || error.message !== told) {
      log.warn("no session with a manager", { component: "agent", address, error: error.message });
    }
    told = error.message;
    managers.ended(address, { reason: error.reason, wasWelcome, nowMs });
    const isOutvoted = wasWelcome && isElection(error.reason);
    if (isOutvoted || nowMs - welcomedMs >= STEADY_SESSION_MS) awaySinceMs = nowMs;
    await sleep(clock, pauseMs(nowMs - awaySinceMs, prng.float()), signal).catch(() => {});
  }
}

/** Has one session with the manager at `address`; answers with what ended it. */
async function endOfSession(
  parts: SessionParts,
  address: string,
  attempt: SessionTry,
  signal: AbortSignal,
): Promise<WarrenError> {
  try {
    const link = parts.connect(address);
    try {
      return await new OneSession(parts, link, attempt).run(signal);
    } finally {
      link.close();
    }
  } catch (thrown) {
    return WarrenError.from(thrown, "The session ended");
  }
}
