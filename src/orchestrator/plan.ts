/**
 * One pass of the control loop: from what changed to what to propose.
 *
 * Pure and synchronous: called by the control loop on the leader, by tests and by dry runs. All
 * services are judged in one pass over one overlay, so that counts, ports and room are those after
 * the decisions made so far. A plan for a converged state proposes nothing.
 */
import type { IdSource, Prng, WallMs } from "../lib/mod.ts";
import { currencyOf, type ServiceId } from "../model/mod.ts";
import { type Action, OverlayView, type StateView } from "../store/mod.ts";
import { affectedServices } from "./affected.ts";
import type { Dirty, Wakes } from "./dirty.ts";
import { reportLostTasks } from "./node_loss.ts";
import { placeOnNodes } from "./place.ts";
import { reapRemoved } from "./reap.ts";
import { reconcileGlobal } from "./reconcile_global.ts";
import { reconcileJob } from "./reconcile_job.ts";
import { reconcileReplicated } from "./reconcile_replicated.ts";
import { findRetries, type Retry } from "./retry.ts";
import { type PassParts, ServicePass } from "./service_pass.ts";

/** What a decision is made with besides the state. */
export interface DecideContext {
  readonly nowMs: WallMs;
  readonly ids: IdSource;
  readonly prng?: Prng;
}

/** What to propose, and when to look again. */
export interface Plan {
  /** Each group is one atomic proposal; groups of one service must keep their order. */
  readonly groups: readonly (readonly Action[])[];
  /** The service that each group is about. */
  readonly owners: readonly ServiceId[];
  /** The earliest of `wakes`. */
  readonly wakeAtMs: WallMs | null;
  /** For every service looked at: when to look at it again if nothing happens until then. */
  readonly wakes: Wakes;
}

/**
 * Plans for what `dirty` names. Costs the tasks of those services, one look at each node per
 * service that has something to place, and nothing for other services.
 */
export function plan(base: StateView, dirty: Dirty, ctx: DecideContext): Plan {
  const parts: PassParts = {
    view: new OverlayView(base, ctx.nowMs),
    nowMs: ctx.nowMs,
    ids: ctx.ids,
  };
  const affected = affectedServices(parts.view, dirty);
  const passes = [...affected].map((id) => planService(id, parts));
  const retries = findRetries(parts.view, dirty, ({ id }) => affected.has(id));
  const retried = retries.map((retry) => planRetry(retry, parts));
  return collect(passes, retried);
}

function planService(id: ServiceId, parts: PassParts): ServicePass {
  const pass = new ServicePass(id, parts);
  reportLostTasks(pass);
  const service = pass.view.service(id);
  if (!service) {
    reapRemoved(pass);
    return pass;
  }
  const { mode } = service.spec;
  switch (mode.kind) {
    case "replicated":
      reconcileReplicated(pass, service, mode.replicas);
      break;
    case "global":
      reconcileGlobal(pass, service);
      break;
    case "job":
      reconcileJob(pass, service, mode);
      break;
  }
  return pass;
}

function planRetry({ service, waiting, nodes }: Retry, parts: PassParts): ServicePass {
  const pass = new ServicePass(service.id, parts);
  const isCurrent = currencyOf(service);
  placeOnNodes(pass, service, { waiting: waiting.filter(isCurrent), nodes });
  return pass;
}

/** `retried` looked at a part of their services only, so they leave earlier wishes as they are. */
function collect(passes: readonly ServicePass[], retried: readonly ServicePass[]): Plan {
  const groups: (readonly Action[])[] = [];
  const owners: ServiceId[] = [];
  const wakes = new Map<ServiceId, WallMs | null>();
  let wakeAtMs: WallMs | null = null;
  for (const pass of [...passes, ...retried]) {
    for (const group of pass.groups()) {
      groups.push(group);
      owners.push(pass.id);
    }
  }
  for (const pass of passes) {
    wakes.set(pass.id, pass.wakeAtMs);
    if (pass.wakeAtMs !== null && (wakeAtMs === null || pass.wakeAtMs < wakeAtMs)) {
      wakeAtMs = pass.wakeAtMs;
    }
  }
  return { groups, owners, wakeAtMs, wakes };
}
