/**
 * The change feed: after each applied proposal, what changed, in log order.
 *
 * Subscribers are called synchronously within the apply turn and must only take notes (mark dirty,
 * push to a bounded queue); they never await and never throw.
 */
import type { WallMs } from "../lib/mod.ts";
import type {
  Cluster,
  Config,
  LogIndex,
  Node,
  Secret,
  Service,
  Task,
  Volume,
} from "../model/mod.ts";

interface Tables {
  readonly cluster: Cluster;
  readonly nodes: Node;
  readonly services: Service;
  readonly tasks: Task;
  readonly secrets: Secret;
  readonly configs: Config;
  readonly volumes: Volume;
}

/** One object before and after; `before` null is a creation, `after` null a removal. */
export type Change = {
  readonly [Name in keyof Tables]: {
    readonly table: Name;
    readonly before: Tables[Name] | null;
    readonly after: Tables[Name] | null;
  };
}[keyof Tables];

/** The changes of one proposal. */
export interface ChangeSet {
  readonly index: LogIndex;
  readonly atMs: WallMs;
  readonly changes: readonly Change[];
  /** Set when a snapshot replaced the state: the changes are then a difference, not what happened. */
  readonly isRestore?: true;
}

/** Called once per applied proposal that changed something. */
export type FeedSubscriber = (set: ChangeSet) => void;

/** Where changes are announced. */
export class ChangeFeed {
  readonly #subscribers = new Set<FeedSubscriber>();

  /** Adds `subscriber`; the returned function removes it. */
  subscribe(subscriber: FeedSubscriber): () => void {
    this.#subscribers.add(subscriber);
    return () => void this.#subscribers.delete(subscriber);
  }

  /** Calls every subscriber in the order of their subscription. */
  announce(set: ChangeSet): void {
    for (const subscriber of this.#subscribers) subscriber(set);
  }
}
