/** VolumeService: named volumes. A volume that a service mounts without creating it is made here too. */
import { WarrenError } from "../lib/mod.ts";
import { asId, quoteText, validateVolume, type VolumeId } from "../model/mod.ts";
import { VolumeServiceService } from "../rpc/gen/warren/v1/resource.ts";
import { serve, type ServedService } from "../rpc/mod.ts";
import type { ApiContext } from "./context.ts";
import { servicesByVolume, volumeToProto } from "./convert/resource.ts";
import { DEFAULT_VOLUME_DRIVER } from "./new_volume.ts";
import { isRepeated, propose } from "./propose.ts";
import { resolveVolume } from "./resolve.ts";

/** The service to add to a server. */
export function volumeService(context: ApiContext): ServedService {
  const { view, clock, ids } = context;
  const shown = (name: string) => {
    const volume = resolveVolume(view, name);
    return volumeToProto(volume, servicesByVolume(view).get(volume.name) ?? []);
  };
  return serve(VolumeServiceService, {
    createVolume: async ({ name, driver, options, labels }, call) => {
      const wanted = { name, driver: driver || DEFAULT_VOLUME_DRIVER, options, labels };
      const faults = validateVolume(wanted);
      if (faults.length > 0) {
        throw new WarrenError("INVALID_SPEC", `Cannot create volume ${quoteText(name)}`, {
          faults,
        });
      }
      const nowMs = clock.wallNow();
      const volume = {
        ...wanted,
        id: asId<VolumeId>(ids.next()),
        options: { ...options },
        labels: { ...labels },
        createdMs: nowMs,
        updatedMs: nowMs,
      };
      await propose(context, [{ kind: "volume.create", volume }], call);
      return { volume: shown(name) };
    },
    getVolume: ({ ref }) => ({ volume: shown(ref) }),
    listVolumes: () => {
      const users = servicesByVolume(view);
      return {
        volumes: Array.from(view.volumes(), (volume) => {
          return volumeToProto(volume, users.get(volume.name) ?? []);
        }),
      };
    },
    removeVolume: async ({ ref }, call) => {
      if (isRepeated(context, call)) return { id: ref };
      const { id } = resolveVolume(view, ref);
      await propose(context, [{ kind: "volume.remove", id }], call);
      return { id };
    },
  });
}
