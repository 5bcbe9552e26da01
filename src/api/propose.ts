/**
 * Proposals as API handlers make them: a refusal becomes an error, a lost race is run again.
 */
import { type Reason, WarrenError } from "../lib/mod.ts";
import type { LogIndex } from "../model/mod.ts";
import type { RpcCall } from "../rpc/mod.ts";
import type { Action } from "../store/mod.ts";
import type { ApiContext } from "./context.ts";

/** Attempts of a change that is computed from what it changes. */
const MAX_ATTEMPTS = 5;

/** Refusals that deciding anew on the present state may avoid. */
const LOST_RACE: ReadonlySet<Reason> = new Set<Reason>(["VERSION_CONFLICT", "VOLUME_NAME_TAKEN"]);

/** The part of a call that a proposal needs. */
export type ProposingCall = Pick<RpcCall, "signal" | "requestId">;

/** Calls on whose behalf something was proposed: consensus itself has decided about those. */
const decided = new WeakSet<ProposingCall>();

/** Whether something was proposed for `call`. What it is answered then rests on what was applied. */
export function hasProposed(call: ProposingCall): boolean {
  return decided.has(call);
}

/**
 * Whether the call repeats one that was carried out, whose answer was lost: what a removal names is
 * then gone already.
 */
export function isRepeated(
  { view }: Pick<ApiContext, "view">,
  { requestId }: Pick<ProposingCall, "requestId">,
): boolean {
  return view.appliedRequest(requestId) !== undefined;
}

/** Proposes `actions` as one change. @throws WarrenError what apply refused, or the proposer's. */
export async function propose(
  { proposer }: Pick<ApiContext, "proposer">,
  actions: readonly Action[],
  call: ProposingCall,
): Promise<LogIndex> {
  const { signal, requestId } = call;
  decided.add(call);
  const applied = await proposer.propose(actions, { signal, ...(requestId && { requestId }) });
  if (!applied.ok) throw WarrenError.fromInfo(applied.error);
  return applied.index;
}

/**
 * Proposes what `decide` makes of the present state; when somebody else was faster, decides anew, a
 * bounded number of times. `decide` must put the versions it read into its actions.
 */
export async function proposeFromState(
  context: Pick<ApiContext, "proposer">,
  decide: () => readonly Action[],
  call: ProposingCall,
): Promise<void> {
  for (let attempt = 1;; attempt++) {
    const actions = decide();
    try {
      return void await propose(context, actions, call);
    } catch (error) {
      const isRace = error instanceof WarrenError && LOST_RACE.has(error.reason);
      if (!isRace || attempt >= MAX_ATTEMPTS) throw error;
    }
  }
}
