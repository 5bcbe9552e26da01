/**
 * AgentService on the wire: hands joins, sessions and relays to the gateway.
 *
 * Thin: it takes streams apart and nothing more.
 */
import { AgentServiceService, type RelayRequest } from "../../rpc/gen/warren/v1/agent.ts";
import { serve, type ServedService } from "../../rpc/mod.ts";
import type { AgentGateway } from "./agent_gateway.ts";

/** The service to add to a manager's server. */
export function agentService(gateway: AgentGateway): ServedService {
  return serve(AgentServiceService, {
    join: (request) => gateway.join(request),
    session: (messages, call) =>
      gateway.session({
        messages,
        send: (message) => call.write(message),
        signal: call.signal,
      }),
    async relay(messages, call) {
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
