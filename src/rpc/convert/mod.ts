/** Messages to model and back, for everyone who speaks the protocol. */
export * from "./agent_messages.ts";
export * from "./spec_from_proto.ts";
export * from "./spec_to_proto.ts";
