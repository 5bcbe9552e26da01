/** The messages that the client takes and gives, as types only: importing them loads nothing. */
export type * from "../../rpc/gen/warren/v1/cluster.ts";
export type * from "../../rpc/gen/warren/v1/event.ts";
export type * from "../../rpc/gen/warren/v1/manifest.ts";
export type * from "../../rpc/gen/warren/v1/node.ts";
export type * from "../../rpc/gen/warren/v1/resource.ts";
export type * from "../../rpc/gen/warren/v1/service.ts";
export type * from "../../rpc/gen/warren/v1/task.ts";
