/**
 * Where tasks would go: the production planner on a copy of the state, with nothing proposed.
 *
 * Costs one copy of the state; for `warren plan`, not for hot paths.
 */
import { type IdSource, type WallMs, WarrenError } from "../lib/mod.ts";
import { asIndex } from "../model/mod.ts";
import { DirtySet, plan } from "../orchestrator/mod.ts";
import { type Action, encodeState, Store } from "../store/mod.ts";

/** Where one new task would go; `nodeName` "" when nowhere, and `message` then says why. */
export interface PreviewedTask {
  readonly serviceName: string;
  readonly slot: number;
  readonly nodeName: string;
  readonly message: string;
}

/**
 * The first placements that `actions` would lead to.
 *
 * @throws WarrenError when one of the actions would be refused
 */
export function previewPlacements(
  store: Store,
  actions: readonly Action[],
  context: { readonly nowMs: WallMs; readonly ids: IdSource },
): readonly PreviewedTask[] {
  const copy = new Store();
  copy.restore(joined(encodeState(store.snapshot())));
  const dirty = new DirtySet();
  copy.feed.subscribe((set) => dirty.note(set));
  const proposal = { actions, atMs: context.nowMs, requestId: "" };
  const applied = copy.apply(asIndex(copy.view.index + 1), proposal);
  if (!applied.ok) throw WarrenError.fromInfo(applied.error);
  const { groups } = plan(copy.view, dirty.take(), context);
  return groups.flat().flatMap((action): PreviewedTask[] => {
    if (action.kind !== "task.create") return [];
    const { serviceId, slot, nodeId, unplaced } = action.task;
    return [{
      serviceName: copy.view.service(serviceId)?.spec.name ?? "",
      slot,
      nodeName: nodeId ? copy.view.node(nodeId)?.name ?? nodeId : "",
      message: unplaced?.message ?? "",
    }];
  });
}

function joined(slices: Iterable<Uint8Array>): Uint8Array {
  const parts = [...slices];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
