/** Sealing of secret data under the data key, join tokens and node credentials. */
export * from "./data_key.ts";
export * from "./sealer.ts";
export * from "./tokens.ts";
