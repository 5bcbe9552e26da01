/** Secrets, configs and volumes as the API shows them. Data of a secret has no way through here. */
import type { Config, Secret, Service, Volume } from "../../model/mod.ts";
import type {
  Config as ConfigMessage,
  Secret as SecretMessage,
  Volume as VolumeMessage,
} from "../../rpc/gen/warren/v1/resource.ts";
import type { StateView } from "../../store/mod.ts";

/** A secret without its data. */
export function secretToProto(secret: Secret): SecretMessage {
  const { id, name, labels, sizeBytes, revision, createdMs, updatedMs, version } = secret;
  return { id, name, labels: { ...labels }, sizeBytes, revision, createdMs, updatedMs, version };
}

/** A config; with its data when asked for. */
export function configToProto(config: Config, withData: boolean): ConfigMessage {
  const { id, name, labels, sizeBytes, revision, createdMs, updatedMs, version } = config;
  const data = withData ? Buffer.from(config.data, "base64") : Buffer.alloc(0);
  return {
    id,
    name,
    labels: { ...labels },
    sizeBytes,
    revision,
    createdMs,
    updatedMs,
    version,
    data,
  };
}

/** A volume with the names of the services that mount it. */
export function volumeToProto(volume: Volume, usedBy: readonly string[]): VolumeMessage {
  const { id, name, labels, driver, options, createdMs, updatedMs, version } = volume;
  return {
    id,
    name,
    labels: { ...labels },
    driver,
    options: { ...options },
    createdMs,
    updatedMs,
    version,
    usedBy: [...usedBy],
  };
}

/** Names of the services whose spec `uses` holds for; one pass over all services. */
export function servicesUsing(
  view: StateView,
  uses: (service: Service) => boolean,
): readonly string[] {
  const names: string[] = [];
  for (const service of view.services()) if (uses(service)) names.push(service.spec.name);
  return names;
}

/** The services that mount each volume, by the volume's name; one pass over all services. */
export function servicesByVolume(view: StateView): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const { spec } of view.services()) {
    for (const volume of new Set(spec.task.mounts.map((mount) => mount.volume))) {
      const users = names.get(volume);
      if (users) users.push(spec.name);
      else names.set(volume, [spec.name]);
    }
  }
  return names;
}
