/**
 * gRPC as Warren uses it: server, channel, status mapping, health and reflection. Generated
 * messages are imported from `gen/` directly, so that a client loads only what it calls.
 */
export * from "./address.ts";
export type {
  BidiCall,
  CallableMethod,
  Channel,
  ChannelCallOptions,
  ChannelOptions,
  MeteredCall,
} from "./channel.ts";
export { openChannel } from "./channel.ts";
export * from "./handler.ts";
export { createRpcServer, DEFAULT_RPC_LIMITS } from "./server.ts";
export type { RpcLimits, RpcServer, RpcServerOptions } from "./server.ts";
export { fromServiceError, GRPC_CODES, toServiceError } from "./status.ts";
