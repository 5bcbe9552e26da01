/**
 * The services that every gRPC server should have: health and reflection. A door of its own, since
 * clients need neither them nor the descriptors that they embed.
 */
export * from "./health.ts";
export * from "./reflection.ts";
