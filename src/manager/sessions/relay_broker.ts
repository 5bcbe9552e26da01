/**
 * Matches relay streams that agents open with the requests (logs, exec) that asked for them.
 *
 * The manager cannot dial an agent: it sends an order with an id down the session, and the agent
 * opens a stream that begins with that id. An order that nobody answers ends after ten seconds.
 */
import { type Clock, type IdSource, WarrenError } from "../../lib/mod.ts";
import type { RelayRequest, RelayResponse } from "../../rpc/gen/warren/v1/agent.ts";

/** An open relay, as the API uses it. */
export interface RelayStream {
  /** What the agent sends, until it ends the stream or fails. */
  readonly messages: AsyncIterable<RelayRequest>;
  /** Sends input for exec. */
  send(message: RelayResponse): Promise<void>;
  /** Tells the agent that nobody listens any more. */
  close(): void;
}

/** Time an agent has to open the stream. */
const OPEN_TIMEOUT_MS = 10_000;
/** Orders that wait for their stream at the same time. */
const MAX_WAITING = 1_000;

interface Waiting {
  readonly nodeId: string;
  readonly accept: (stream: RelayStream) => void;
  readonly fail: (error: WarrenError) => void;
}

/** The waiting orders of one manager. */
export class RelayBroker {
  readonly #waiting = new Map<string, Waiting>();
  #ended: WarrenError | null = null;
  readonly #clock: Clock;
  readonly #ids: IdSource;

  constructor(clock: Clock, ids: IdSource) {
    this.#clock = clock;
    this.#ids = ids;
  }

  /**
   * Waits for the stream of a new order; `order` sends it and may throw.
   *
   * @throws WarrenError NODE_UNREACHABLE when the agent does not answer, TOO_MANY at the bound, what
   *   the broker was ended with
   */
  open(
    nodeId: string,
    order: (relayId: string) => void,
    signal: AbortSignal,
  ): Promise<RelayStream> {
    if (this.#ended) throw this.#ended;
    if (this.#waiting.size >= MAX_WAITING) {
      throw new WarrenError("TOO_MANY", "Cannot reach into a task: too many requests wait already");
    }
    const relayId = this.#ids.next();
    return new Promise((resolve, reject) => {
      const end = () => {
        cancel();
        signal.removeEventListener("abort", onAbort);
        this.#waiting.delete(relayId);
      };
      const fail = (error: unknown) => {
        end();
        reject(error);
      };
      const onAbort = () => fail(signal.reason);
      const cancel = this.#clock.after(OPEN_TIMEOUT_MS, () => {
        fail(new WarrenError("NODE_UNREACHABLE", "Cannot reach into a task: its node is silent"));
      });
      signal.addEventListener("abort", onAbort, { once: true });
      const accept = (stream: RelayStream) => {
        end();
        resolve(stream);
      };
      this.#waiting.set(relayId, { nodeId, accept, fail });
      try {
        order(relayId);
      } catch (error) {
        fail(error);
      }
    });
  }

  /** Fails every order that waits, and every later one, with `reason`. */
  end(reason: WarrenError): void {
    this.#ended ??= reason;
    for (const { fail } of this.#waiting.values()) fail(reason);
  }

  /** Hands `stream` to whoever waits for `relayId`; false when nobody does. */
  accept(relayId: string, nodeId: string, stream: RelayStream): boolean {
    const waiting = this.#waiting.get(relayId);
    if (!waiting || waiting.nodeId !== nodeId) return false;
    waiting.accept(stream);
    return true;
  }
}
