/**
 * The architecture as data: which folder may import which, what is pure, and the limits of size.
 *
 * Read by the rules beside it. docs/architecture.md explains the reasons; a change there is a change here.
 */

/** What a folder of src/ is allowed. */
export interface FolderRule {
  /** Other folders of src/, entered through their mod.ts. */
  readonly mayImport: readonly string[];
  /** Whether every file is pure, apart from tests. */
  readonly isPure: boolean;
  /** Packages that a pure folder may use all the same. */
  readonly packages?: readonly string[];
}

const ALL_BUT_CLI = [
  "agent",
  "api",
  "client",
  "deploy",
  "lib",
  "manager",
  "manifest",
  "model",
  "net",
  "orchestrator",
  "raft",
  "rpc",
  "scheduler",
  "security",
  "store",
  "telemetry",
];

/** The import table. A folder without a row here is refused. */
export const FOLDERS: Readonly<Record<string, FolderRule>> = {
  lib: { mayImport: [], isPure: false },
  model: { mayImport: ["lib"], isPure: true, packages: ["valibot"] },
  raft: { mayImport: ["lib"], isPure: true },
  store: { mayImport: ["lib", "model"], isPure: true },
  scheduler: { mayImport: ["lib", "model", "store"], isPure: true },
  deploy: { mayImport: ["lib", "model", "store"], isPure: true },
  orchestrator: { mayImport: ["lib", "model", "store", "deploy", "scheduler"], isPure: true },
  manifest: { mayImport: ["lib", "model"], isPure: true, packages: ["yaml", "valibot"] },
  net: { mayImport: ["lib", "model"], isPure: false },
  security: { mayImport: ["lib", "model"], isPure: false },
  // The model for the one conversion between wire and nouns, which api, manager, agent and client share.
  rpc: { mayImport: ["lib", "model"], isPure: false },
  api: { mayImport: ["lib", "model", "store", "security", "rpc", "manifest"], isPure: false },
  manager: {
    mayImport: ["lib", "model", "raft", "store", "orchestrator", "net", "security", "rpc"],
    isPure: false,
  },
  agent: { mayImport: ["lib", "model", "net", "security", "rpc"], isPure: false },
  telemetry: { mayImport: ["lib"], isPure: false },
  client: { mayImport: ["lib", "model", "rpc"], isPure: false },
  cli: { mayImport: ["lib", "model", "client", "manifest", "daemon"], isPure: false },
  daemon: { mayImport: ALL_BUT_CLI, isPure: false },
};

/** Imports that must be dynamic or of types alone, so that short commands do not pay for them. */
export const DYNAMIC_ONLY: readonly { readonly from: string; readonly to: string }[] = [
  { from: "cli", to: "daemon" },
];

/** Files that every command loads: they may pass a door by, to take one file and not a folder. */
export const LIGHT_ENTRIES: ReadonlySet<string> = new Set(["src/cli/main.ts"]);

/** Folders that see only the read side of the store, and the names that are its write side. */
export const STORE_READERS = ["scheduler", "deploy", "orchestrator"];
export const STORE_WRITE_SIDE = /^(?:apply[A-Z]\w*|Tables|Store|createStore|restore\w*)$/;

/** Pure files in folders that are otherwise not. */
export const PURE_FILES =
  /^src\/(?:net\/(?:.*\/)?(?:plan|zone|router)|agent\/(?:transition|plan))\.ts$/;

/** What pure code must not touch: each pattern with what to do instead. */
export const IMPURE: readonly { readonly pattern: RegExp; readonly instead: string }[] = [
  { pattern: /\bDeno\./, instead: "let the edge do it" },
  { pattern: /\bfetch\s*\(/, instead: "let the edge do it" },
  { pattern: /\bset(?:Timeout|Interval)\b/, instead: "return wakeAtMs" },
  { pattern: /\bDate\.now\b|\bnew Date\(\s*\)/, instead: "take the time as an argument" },
  { pattern: /\bperformance\./, instead: "take the time as an argument" },
  { pattern: /\bMath\.random\b/, instead: "take a Prng as an argument" },
  { pattern: /\bcrypto\./, instead: "take ids and keys as arguments" },
  { pattern: /\bconsole\./, instead: "return reasons; the edge logs them" },
  { pattern: /\basync\b|\bawait\b/, instead: "return what to wait for" },
];

/** Limits where a change must stop and split. */
export const LIMITS = { fileLines: 500, testFileLines: 1000, functionLines: 70, folderFiles: 25 };

/** Functions that may be longer, by path and name: each a switch of single calls or a table. */
export const LONG_FUNCTIONS: ReadonlySet<string> = new Set([]);

/** Code made by a program. */
export const GENERATED = /^src\/rpc\/gen\//;

/** Types of modules that have none of their own. */
export const DECLARATIONS = /\.d\.ts$/;

/** File names that say nothing of what is inside. */
export const BANNED_NAMES = /^(?:utils?|helpers?|common|misc|types)$/;

/**
 * Files that nothing imports because something else starts them, and the door of the consensus core,
 * which the driver of src/manager enters next.
 */
export const ENTRIES = /^main\.ts$|^src\/raft\/mod\.ts$|^src\/.*_(?:contract|bench)\.ts$|\.d\.ts$/;
