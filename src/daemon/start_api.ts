/**
 * The gRPC server of a manager: its services, health and reflection, on the socket and on TCP.
 *
 * Called by the start of a manager. Health follows the state of the log: a manager that cannot write
 * takes no requests.
 */
import { apiServices, routeCalls } from "../api/mod.ts";
import { WarrenError } from "../lib/mod.ts";
import { type AgentGateway, agentService } from "../manager/mod.ts";
import {
  createRpcServer,
  formatAddress,
  openChannel,
  parseAddress,
  type RpcAddress,
  type RpcServer,
} from "../rpc/mod.ts";
import { HealthBoard, namesOfServed, reflectionServices } from "../rpc/builtin/mod.ts";
import { apiContext } from "./api_context.ts";
import type { ManagerState } from "./manager_state.ts";
import type { Settings } from "./settings.ts";

/** What the API stands on. */
export interface ApiParts extends ManagerState {
  /** Null while this manager does not lead. */
  readonly gateway: () => AgentGateway | null;
}

/**
 * Serves the API until `stack` is disposed; answers with the TCP address as bound.
 *
 * @throws WarrenError what keeps it from listening, naming the flag
 */
export async function startApi(
  parts: ApiParts,
  settings: Settings,
  stack: AsyncDisposableStack,
): Promise<string> {
  const { registry: metrics, log, clock, gateway, failed, selfId } = parts;
  const server = stack.use(
    createRpcServer({ log: log.child({ component: "api" }), metrics, clock }),
  );
  const board = new HealthBoard();
  const context = apiContext(parts);
  const open = (address: string) => openChannel(parseAddress(address));
  const services = [...apiServices(context), agentService(gateway)];
  const { consensus } = context;
  const routed = routeCalls(services, { consensus, clock, open, selfId });
  stack.defer(() => routed[Symbol.dispose]());
  const own = [...routed.services, board.service()];
  const names = namesOfServed([...own, ...reflectionServices([])]);
  for (const service of [...own, ...reflectionServices(names)]) server.addService(service);
  const setServing = (isServing: boolean) => {
    for (const name of ["", ...names]) board.set(name, isServing);
  };
  setServing(true);
  void failed.then(() => setServing(false));
  stack.defer(() => setServing(false));
  await listenOn(server, { kind: "unix", path: settings.socket }, "--socket");
  return formatAddress(await listenOn(server, tcpAddress(settings.listenAddr), "--listen-addr"));
}

/** A port alone means the loopback address, as for metrics. */
function tcpAddress(text: string): RpcAddress {
  return parseAddress(text.startsWith(":") ? `127.0.0.1${text}` : text);
}

async function listenOn(server: RpcServer, address: RpcAddress, flag: string): Promise<RpcAddress> {
  try {
    return await server.listen(address);
  } catch (thrown) {
    const error = WarrenError.from(thrown, `Cannot listen on ${formatAddress(address)}`);
    if (error.reason !== "PORT_IN_USE" && error.hint) throw error;
    const { reason, message } = error;
    throw new WarrenError(reason, message, { hint: `choose another with ${flag}`, cause: error });
  }
}
