/**
 * AgentService on the wire: hands joins, sessions and relays to the gateway, while there is one.
 *
 * Thin: it takes streams apart and nothing more. A manager that does not lead has no gateway; who
 * calls it is sent on by whatever stands before this service, or told NO_LEADER.
 */
import { WarrenError } from "../../lib/mod.ts";
import { AgentServiceService, type RelayRequest } from "../../rpc/gen/warren/v1/agent.ts";
import { serve, type ServedService } from "../../rpc/mod.ts";
import type { AgentGateway } from "./agent_gateway.ts";

/** The service to add to a manager's server; `current` gives the gateway of this leadership. */
export function agentService(current: () => AgentGateway | null): ServedService {
  const leading = () => {
    const gateway = current();
    if (gateway) return gateway;
    throw new WarrenError("NO_LEADER", "This manager does not lead");
  };
  return serve(AgentServiceService, {
    join: async (request) => await leading().join(request),
    session: async (messages, call) =>
      await leading().session({
        messages,
        send: (message) => call.write(message),
        signal: call.signal,
      }),
    async relay(messages, call) {
      const gateway = leading();
      const iterator = messages[Symbol.asyncIterator]();
      const open = await gateway.relayBegins(iterator);
      const closed = Promise.withResolvers<void>();
      call.signal.addEventListener("abort", () => closed.resolve(), { once: true });
      await gateway.relayOpened(open, {
        messages: endsWith(iterator, closed.resolve),
        send: (message) => call.write(message),
        close: () => closed.resolve(),
      });
      // The call stays open until the agent has said everything or the listener is gone.
      await closed.promise;
    },
  });
}

/** The rest of `iterator`; calls `ended` when it is read to its end or given up. */
async function* endsWith(
  iterator: AsyncIterator<RelayRequest>,
  ended: () => void,
): AsyncGenerator<RelayRequest> {
  try {
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      yield next.value;
    }
  } finally {
    ended();
  }
}
