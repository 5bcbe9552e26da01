/**
 * Derives events from a change set. Pure: the same changes give the same events on every replica
 * and at every replay.
 */
import { assertNever } from "../../lib/mod.ts";
import type { Cluster, Node } from "../../model/mod.ts";
import type { Change, ChangeSet } from "../feed.ts";
import type { ClusterEvent, EventDraft, NodeName } from "./event.ts";
import { serviceEvents } from "./service_events.ts";
import { taskEvents } from "./task_events.ts";

/** The events of `set`, in the order of its changes. */
export function eventsOf(set: ChangeSet, nodeName: NodeName): readonly ClusterEvent[] {
  return set.changes
    .flatMap((change) => draftsOf(change, nodeName))
    .map((draft) => ({ index: set.index, timeMs: set.atMs, ...draft }));
}

function draftsOf(change: Change, nodeName: NodeName): readonly EventDraft[] {
  switch (change.table) {
    case "cluster":
      return leaderEvents(change.before, change.after, nodeName);
    case "nodes":
      return nodeEvents(change.before, change.after);
    case "services":
      return serviceEvents(change.before, change.after);
    case "tasks":
      return change.after ? taskEvents(change.before, change.after, nodeName) : [];
    case "secrets":
      return namedEvents("secret", change);
    case "configs":
      return namedEvents("config", change);
    case "volumes":
      return namedEvents("volume", change);
    default:
      return assertNever(change, "change");
  }
}

interface Named {
  readonly id: string;
  readonly name: string;
}

function namedEvents(
  noun: "secret" | "config" | "volume",
  { before, after }: { readonly before: Named | null; readonly after: Named | null },
): readonly EventDraft[] {
  const row = after ?? before;
  if (!row) return [];
  const verb = !before ? "created" : !after ? "deleted" : "updated";
  const message = `${noun} "${row.name}" ${verb}`;
  return [{ type: `${noun}.${verb}`, message, attributes: { [noun]: row.name, id: row.id } }];
}

function leaderEvents(
  before: Cluster | null,
  after: Cluster | null,
  nodeName: NodeName,
): readonly EventDraft[] {
  const leader = after?.leader;
  if (!leader || before?.leader?.term === leader.term) return [];
  const [name, term] = [nodeName(leader.nodeId), String(leader.term)];
  const attributes = { leader: name, leaderId: leader.nodeId, term };
  const message = `node "${name}" leads in term ${term}`;
  return [{ type: "leader.changed", message, attributes }];
}

function nodeEvents(before: Node | null, after: Node | null): readonly EventDraft[] {
  const node = after ?? before;
  if (!node) return [];
  const attributes = { node: node.name, nodeId: node.id, role: node.role };
  const event = (type: EventDraft["type"], what: string): EventDraft => {
    return { type, message: `node "${node.name}" ${what}`, attributes };
  };
  if (!after) return [event("node.left", "left the cluster")];
  const drafts: EventDraft[] = [];
  if (!before) drafts.push(event("node.joined", `joined as ${node.role}`));
  if (before?.status !== after.status) {
    const why = after.statusMessage === "" ? "" : `: ${after.statusMessage}`;
    if (after.status === "ready") drafts.push(event("node.ready", "is ready"));
    if (after.status === "down") drafts.push(event("node.down", `is down${why}`));
  }
  const [wasMember, isMember] = [before?.memberId !== "", after.memberId !== ""];
  if (before && wasMember !== isMember) {
    drafts.push(
      isMember
        ? event("node.promoted", `became a manager`)
        : event("node.demoted", "is a manager no more"),
    );
  } else if (before && isReconfigured(before, after)) {
    const isDraining = after.availability === "drain" && before.availability !== "drain";
    drafts.push(
      isDraining
        ? event("node.draining", "is draining")
        : event("node.updated", `updated, availability ${after.availability}`),
    );
  }
  return drafts;
}

/** Whether the operator changed something, as opposed to the agent or the leader. */
function isReconfigured(before: Node, after: Node): boolean {
  return before.availability !== after.availability || before.labels !== after.labels ||
    before.role !== after.role || before.name !== after.name;
}
