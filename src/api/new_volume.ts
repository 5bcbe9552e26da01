/**
 * Volumes that come into being with the first service that mounts them.
 *
 * Used wherever a spec is proposed, so that a volume is there to be listed from then on.
 */
import { asId, type ServiceSpec, type VolumeId } from "../model/mod.ts";
import type { Action } from "../store/mod.ts";
import type { ApiContext } from "./context.ts";

/** Driver of a volume that names none. */
export const DEFAULT_VOLUME_DRIVER = "local";

/** An action for each volume that `spec` mounts and that does not exist. */
export function missingVolumes(
  { view, ids, clock }: Pick<ApiContext, "view" | "ids" | "clock">,
  spec: ServiceSpec,
): readonly Action[] {
  const names = new Set(spec.task.mounts.map(({ volume }) => volume));
  const nowMs = clock.wallNow();
  return [...names].filter((name) => !view.volumeByName(name)).map((name): Action => ({
    kind: "volume.create",
    volume: {
      id: asId<VolumeId>(ids.next()),
      name,
      driver: DEFAULT_VOLUME_DRIVER,
      options: {},
      labels: {},
      createdMs: nowMs,
      updatedMs: nowMs,
    },
  }));
}
