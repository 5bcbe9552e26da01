/**
 * A daemon of one kind becomes the other, in one process and on one data directory.
 *
 * Called by `serve.ts` while neither runs. Invariant: the settings name a kind only once the data
 * directory has everything that this kind starts from; what is left of the other one goes after that.
 */
import { isRetryable, randomIds, type WarrenError } from "../../lib/mod.ts";
import type { DataDir } from "../data_dir.ts";
import { savedPart, type Settings } from "../settings.ts";
import { forgetRefused, leaveToAgent, prepareMember, removeMember } from "./member_data.ts";
import type { RoleChange } from "./role_change.ts";

/** How long a worker that could not be promoted goes on before it tries again; doubles. */
const FIRST_PAUSE_MS = 2_000;
const MAX_PAUSE_MS = 60_000;

/** Milliseconds that a worker serves before it heeds a promotion, after `failures` failed ones. */
export function promotionPauseMs(failures: number): number {
  return failures === 0 ? 0 : Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
}

/** The settings of `settings` as a worker, saved; nothing of the manager is left when it returns. */
export async function becomeWorker(
  dataDir: DataDir,
  settings: Settings,
  { managers }: RoleChange,
): Promise<Settings> {
  const next = asKind(settings, "worker", managers);
  await leaveToAgent(dataDir);
  await dataDir.saveSettings(savedPart(next));
  await removeMember(dataDir);
  return next;
}

/**
 * What a worker starts as a manager with. They are to be saved once it has started: until then a
 * restart is one of a worker, which is told again what it is to be.
 *
 * @throws WarrenError DATA_CORRUPT
 */
export async function prepareManager(
  dataDir: DataDir,
  settings: Settings,
  change: Extract<RoleChange, { kind: "manager" }>,
): Promise<Settings> {
  await prepareMember(dataDir, change.memberId, () => randomIds.next());
  return { ...asKind(settings, "manager", change.managers), token: change.token };
}

/** It could not start as a manager: the next try may have to be made as another member. */
export async function notPromoted(dataDir: DataDir, error: WarrenError): Promise<void> {
  if (!isRetryable(error)) await forgetRefused(dataDir);
}

function asKind(
  settings: Settings,
  kind: Settings["kind"],
  managers: readonly string[],
): Settings {
  return {
    ...settings,
    kind,
    startedAs: settings.startedAs ?? settings.kind,
    hasAgent: true,
    managers: managers.length > 0 ? managers : settings.managers,
    // What its flags asked for was told by the kind that it was.
    asked: { nodeName: null, labels: {} },
    token: null,
  };
}
