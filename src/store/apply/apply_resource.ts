/**
 * Rules of secrets, configs and volumes: names are unique, data has revisions, and what a service
 * uses cannot be removed.
 */
import type { Reason } from "../../lib/mod.ts";
import type { TaskSpec } from "../../model/mod.ts";
import type { Action } from "../action.ts";
import { type Outcome, refuse, refuseOtherVersion } from "./refusal.ts";
import { sameData } from "./same.ts";
import type { Transaction } from "../transaction.ts";

type Of<Kind> = Extract<Action, { kind: Kind }>;
type Noun = "secret" | "config" | "volume";

const REASONS_OF = {
  secret: { taken: "SECRET_NAME_TAKEN", missing: "SECRET_NOT_FOUND", inUse: "SECRET_IN_USE" },
  config: { taken: "CONFIG_NAME_TAKEN", missing: "CONFIG_NOT_FOUND", inUse: "CONFIG_IN_USE" },
  volume: { taken: "VOLUME_NAME_TAKEN", missing: "VOLUME_NOT_FOUND", inUse: "VOLUME_IN_USE" },
} as const satisfies Record<Noun, Record<string, Reason>>;

/** Users named in a refusal; the rest are counted. */
const NAMED_USERS = 5;

/** Adds a secret at revision 1. */
export function createSecret(tx: Transaction, { secret }: Of<"secret.create">): Outcome {
  const refused = refuseTaken(tx, "secret", secret);
  if (!refused) tx.put("secrets", { ...secret, revision: 1, ...created(tx) });
  return refused;
}

/** Changes data and labels of a secret. */
export function updateSecret(tx: Transaction, action: Of<"secret.update">): Outcome {
  const { id, sealed, sizeBytes, labels } = action;
  const secret = tx.view.secret(id);
  if (!secret) return missing("update", "secret", id);
  const conflict = refuseOtherVersion(`update secret "${secret.name}"`, secret, action.ifVersion);
  if (conflict) return conflict;
  const isSameData = sameData(secret.sealed, sealed);
  if (isSameData && sameData(secret.labels, labels)) return null;
  const revision = secret.revision + (isSameData ? 0 : 1);
  tx.put("secrets", { ...secret, sealed, sizeBytes, labels, revision, ...updated(tx) });
  return null;
}

/** Removes a secret that no service names. */
export function removeSecret(tx: Transaction, { id }: Of<"secret.remove">): Outcome {
  const secret = tx.view.secret(id);
  if (!secret) return missing("remove", "secret", id);
  const uses = (task: TaskSpec) => task.secrets.some((file) => file.name === secret.name);
  const refused = refuseUsed(tx, "secret", secret.name, uses);
  if (!refused) tx.remove("secrets", id);
  return refused;
}

/** Adds a config at revision 1. */
export function createConfig(tx: Transaction, { config }: Of<"config.create">): Outcome {
  const refused = refuseTaken(tx, "config", config);
  if (!refused) tx.put("configs", { ...config, revision: 1, ...created(tx) });
  return refused;
}

/** Changes data and labels of a config. */
export function updateConfig(tx: Transaction, action: Of<"config.update">): Outcome {
  const { id, data, sizeBytes, labels } = action;
  const config = tx.view.config(id);
  if (!config) return missing("update", "config", id);
  const conflict = refuseOtherVersion(`update config "${config.name}"`, config, action.ifVersion);
  if (conflict) return conflict;
  const isSameData = config.data === data;
  if (isSameData && sameData(config.labels, labels)) return null;
  const revision = config.revision + (isSameData ? 0 : 1);
  tx.put("configs", { ...config, data, sizeBytes, labels, revision, ...updated(tx) });
  return null;
}

/** Removes a config that no service names. */
export function removeConfig(tx: Transaction, { id }: Of<"config.remove">): Outcome {
  const config = tx.view.config(id);
  if (!config) return missing("remove", "config", id);
  const uses = (task: TaskSpec) => task.configs.some((file) => file.name === config.name);
  const refused = refuseUsed(tx, "config", config.name, uses);
  if (!refused) tx.remove("configs", id);
  return refused;
}

/** Adds a volume. */
export function createVolume(tx: Transaction, { volume }: Of<"volume.create">): Outcome {
  const refused = refuseTaken(tx, "volume", volume);
  if (!refused) tx.put("volumes", { ...volume, ...created(tx) });
  return refused;
}

/** Changes the labels of a volume; driver and options are for life. */
export function updateVolume(tx: Transaction, action: Of<"volume.update">): Outcome {
  const { id, labels } = action;
  const volume = tx.view.volume(id);
  if (!volume) return missing("update", "volume", id);
  const conflict = refuseOtherVersion(`update volume "${volume.name}"`, volume, action.ifVersion);
  if (conflict) return conflict;
  if (!sameData(volume.labels, labels)) tx.put("volumes", { ...volume, labels, ...updated(tx) });
  return null;
}

/** Removes a volume that no service mounts. */
export function removeVolume(tx: Transaction, { id }: Of<"volume.remove">): Outcome {
  const volume = tx.view.volume(id);
  if (!volume) return missing("remove", "volume", id);
  const uses = (task: TaskSpec) => task.mounts.some((mount) => mount.volume === volume.name);
  const refused = refuseUsed(tx, "volume", volume.name, uses);
  if (!refused) tx.remove("volumes", id);
  return refused;
}

function created({ stamp }: Transaction) {
  return { createdMs: stamp.atMs, updatedMs: stamp.atMs, version: stamp.version };
}

function updated({ stamp }: Transaction) {
  return { updatedMs: stamp.atMs, version: stamp.version };
}

function refuseTaken(tx: Transaction, noun: Noun, row: { id: string; name: string }): Outcome {
  const table = tx.view.rows[`${noun}s`];
  const doing = `create ${noun} "${row.name}"`;
  if (table.isUsed(row.id)) {
    return refuse("ID_TAKEN", `Cannot ${doing}: a ${noun} with its id exists`);
  }
  if (table.byName(row.name)) {
    return refuse(REASONS_OF[noun].taken, `Cannot ${doing}: the name is taken`);
  }
  // Names come before ids when things are looked up: whoever uses the id would reach this one.
  if (!table.isUsed(row.name)) return null;
  return refuse(REASONS_OF[noun].taken, `Cannot ${doing}: a ${noun} has that id`);
}

function refuseUsed(
  tx: Transaction,
  noun: Noun,
  name: string,
  uses: (task: TaskSpec) => boolean,
): Outcome {
  const users: string[] = [];
  for (const { spec } of tx.view.services()) if (uses(spec.task)) users.push(`"${spec.name}"`);
  if (users.length === 0) return null;
  const more = users.length > NAMED_USERS ? ` and ${users.length - NAMED_USERS} more` : "";
  const named = users.slice(0, NAMED_USERS).join(", ");
  const who = users.length === 1 ? `service ${named} uses it` : `services ${named}${more} use it`;
  return refuse(REASONS_OF[noun].inUse, `Cannot remove ${noun} "${name}": ${who}`);
}

function missing(verb: string, noun: Noun, id: string): Outcome {
  const message = `Cannot ${verb} ${noun} "${id}": there is no such ${noun}`;
  return refuse(REASONS_OF[noun].missing, message);
}
