/** The door for tests of other folders: the runtimes, the fake and the contract suite. */
export * from "./contract_commands.ts";
export * from "./docker.ts";
export * from "./fake.ts";
export * from "./fake_program.ts";
export * from "./runtime.ts";
export * from "./runtime_contract.ts";
