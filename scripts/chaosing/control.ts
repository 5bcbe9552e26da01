/**
 * What the harness itself asks a manager over its socket: where the group stands, and who leads.
 *
 * Apart from the load, which talks over TCP: partitions cut that, and never this.
 */
import { isRetryable, WarrenError } from "../../src/lib/mod.ts";
import { type Channel, openChannel } from "../../src/rpc/mod.ts";
import {
  ClusterServiceService as cluster,
  type GetClusterInfoResponse,
} from "../../src/rpc/gen/warren/v1/cluster.ts";
import { ConfigServiceService as configs } from "../../src/rpc/gen/warren/v1/resource.ts";
import { LAST_BACKOFF_MS } from "./caller.ts";

/** Patience for one answer. */
const ANSWER_MS = 2_000;
const LIST_MS = 20_000;

/** Questions to one manager. */
export class Control implements AsyncDisposable {
  readonly #channel: Channel;

  /** `socket` is the path of its Unix socket. */
  constructor(socket: string) {
    this.#channel = openChannel({ kind: "unix", path: socket }, { lastBackoffMs: LAST_BACKOFF_MS });
  }

  /** What this manager itself knows; undefined when it does not answer. */
  async info(): Promise<GetClusterInfoResponse | undefined> {
    try {
      return await this.#channel.unary(cluster.getClusterInfo, { stale: true }, {
        timeoutMs: ANSWER_MS,
      });
    } catch (error) {
      // A member that still waits for its first snapshot knows of no cluster.
      const isEmpty = error instanceof WarrenError && error.reason === "NOT_INITIALISED";
      if (isEmpty || isRetryable(error)) return undefined;
      throw error;
    }
  }

  /** The id of every config by name, as this manager has applied them. */
  async configIds(): Promise<ReadonlyMap<string, string>> {
    const answer = await this.#channel.unary(configs.listConfigs, { stale: false }, {
      timeoutMs: LIST_MS,
    });
    return new Map(answer.configs.map(({ name, id }) => [name, id]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#channel.abandon();
  }
}
