/**
 * Resources of a manifest call as the manifest planner takes them.
 *
 * What cannot be understood becomes a fault with the place it was written at; ranges and names are
 * the planner's to judge.
 */
import { type FieldFault, WarrenError } from "../../lib/mod.ts";
import type { PlacedResource, Resource } from "../../manifest/mod.ts";
import { fillHealthPort } from "../../model/mod.ts";
import { serviceSpecFromProto } from "../../rpc/convert/mod.ts";
import type { Resource as ResourceMessage } from "../../rpc/gen/warren/v1/manifest.ts";
import { DEFAULT_VOLUME_DRIVER } from "../new_volume.ts";

/** Resources of one call. */
const MAX_RESOURCES = 1_000;

/** The resources of `messages`; faults are added to `faults`. @throws WarrenError BAD_REQUEST. */
export function resourcesFromProto(
  messages: readonly ResourceMessage[],
  faults: FieldFault[],
): readonly PlacedResource[] {
  if (messages.length > MAX_RESOURCES) {
    const message =
      `Cannot take ${messages.length} resources at once: the most is ${MAX_RESOURCES}`;
    throw new WarrenError("BAD_REQUEST", message, { hint: "apply them in several parts" });
  }
  return messages.flatMap((message) => {
    const found: FieldFault[] = [];
    const resource = resourceFromProto(message, found);
    for (const { path, message: text } of found) {
      faults.push({ path: message.source, message: path === "" ? text : `${path}: ${text}` });
    }
    return resource ? [{ resource, source: message.source }] : [];
  });
}

function resourceFromProto(message: ResourceMessage, faults: FieldFault[]): Resource | undefined {
  const { name, kind } = message;
  const labels = { ...message.labels };
  switch (kind?.$case) {
    case "service": {
      const { value } = kind;
      const named = { ...value, name, labels: { ...value.labels, ...labels } };
      return { kind: "service", name, spec: fillHealthPort(serviceSpecFromProto(named, faults)) };
    }
    case "secret":
      return { kind: "secret", name, labels, data: kind.value.data };
    case "config":
      return { kind: "config", name, labels, data: kind.value.data };
    case "volume": {
      const driver = kind.value.driver || DEFAULT_VOLUME_DRIVER;
      return { kind: "volume", name, labels, driver, options: { ...kind.value.options } };
    }
    case undefined:
      faults.push({ path: "", message: "what kind of resource it is was not said" });
      return undefined;
  }
}
