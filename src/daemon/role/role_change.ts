/**
 * When a daemon becomes the other kind while it runs: what the managers say of its node, against what
 * it is and knows itself.
 *
 * Used by the starts of workers and managers; `run_daemon.ts` carries the change out. Invariant: what
 * a manager has replicated itself counts for more than what an older leader says, since becoming a
 * worker throws a log away.
 */
import type { RoleOrder } from "../../agent/mod.ts";
import type { NodeId } from "../../model/mod.ts";
import type { ChangeFeed, StateView } from "../../store/mod.ts";

/** What a daemon is to become. */
export type RoleChange =
  | {
    readonly kind: "manager";
    /** To join the managers with. */
    readonly token: string;
    /** The member that the cluster has for this node, or "". */
    readonly memberId: string;
    /** Where managers are. */
    readonly managers: readonly string[];
  }
  | { readonly kind: "worker"; readonly managers: readonly string[] };

/** Listens to the managers until they want something else of the node. */
export interface RoleWatch {
  /** For the agent: what it is told in each session. */
  readonly onRole: (order: RoleOrder) => void;
  /**
   * Settles when the daemon is to become the other kind. Read it anew to hear of a change that was not
   * taken back meanwhile.
   */
  readonly changed: Promise<RoleChange>;
}

/** Watches for the promotion of a worker; `onWorker` is called when it is to stay what it is. */
export function watchPromotion(
  parts: { readonly managers: () => readonly string[]; readonly onWorker: () => void },
): RoleWatch {
  let wanted = Promise.withResolvers<RoleChange>();
  let isWanted = false;
  return {
    get changed() {
      return wanted.promise;
    },
    onRole({ role, managerToken: token, memberId }) {
      if (role === "worker") {
        if (isWanted) wanted = Promise.withResolvers<RoleChange>();
        isWanted = false;
        return parts.onWorker();
      }
      if (token === "") return;
      isWanted = true;
      wanted.resolve({ kind: "manager", token, memberId, managers: dialable(parts.managers()) });
    },
  };
}

/** What a manager knows of itself. */
export interface DemotionParts {
  readonly view: StateView;
  readonly feed: ChangeFeed;
  readonly selfId: NodeId;
  /** The member of the group that this manager is. */
  readonly memberId: string;
  readonly managers: () => readonly string[];
}

/** A watch of a manager. Disposing it ends its subscription. */
export interface DemotionWatch extends RoleWatch, Disposable {
  /** The leader says that this member is one no more: then its own state may never say so. */
  readonly memberRemoved: () => void;
}

/** Watches for the demotion of a manager. */
export function watchDemotion(parts: DemotionParts): DemotionWatch {
  const { promise: changed, resolve } = Promise.withResolvers<RoleChange>();
  let order: RoleOrder | null = null;
  let isRemoved = false;
  const look = () => {
    if (!isDemoted(parts, order, isRemoved)) return;
    resolve({ kind: "worker", managers: dialable(parts.managers()) });
  };
  const unsubscribe = parts.feed.subscribe(({ changes, isRestore }) => {
    const isOurs = isRestore || changes.some(({ table }) => table === "nodes");
    if (isOurs) look();
  });
  return {
    changed,
    onRole(newest) {
      order = newest;
      look();
    },
    memberRemoved() {
      isRemoved = true;
      look();
    },
    [Symbol.dispose]: unsubscribe,
  };
}

/**
 * Whether this manager's node is a mere worker now. Its own state says so for good. Somebody else's
 * word counts when it is newer than the own state and that has seen this member come in, or when the
 * leader does not count this member any more.
 */
export function isDemoted(
  { view, selfId, memberId }: Pick<DemotionParts, "view" | "selfId" | "memberId">,
  order: RoleOrder | null,
  isRemoved: boolean,
): boolean {
  const node = view.node(selfId);
  const isFormer = view.cluster()?.formerMembers?.includes(memberId) ?? false;
  if (isFormer) return node?.role === "worker";
  if (order?.role !== "worker") return false;
  return isRemoved || node?.memberId === memberId && order.index > view.index;
}

/** Without sockets of this machine: the manager behind them is about to be another daemon. */
function dialable(addresses: readonly string[]): readonly string[] {
  return addresses.filter((address) => !address.startsWith("unix:"));
}
