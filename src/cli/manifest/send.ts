/** Parsed resources as the messages that plan and apply send. */
import { assertNever } from "../../lib/mod.ts";
import { loadBufferWrap } from "../buffer.ts";
import type { PlacedResource } from "../../manifest/mod.ts";
import type { Resource as ResourceMessage } from "../../client/wire/mod.ts";

/** Messages of `placed`, in their order. */
export async function toMessages(placed: readonly PlacedResource[]): Promise<ResourceMessage[]> {
  const { loadSpecConversion } = await import("../../client/mod.ts");
  const { serviceSpecToProto } = await loadSpecConversion();
  const wrap = await loadBufferWrap();
  return placed.map(({ resource, source }): ResourceMessage => {
    const { name } = resource;
    switch (resource.kind) {
      case "service": {
        const value = serviceSpecToProto(resource.spec);
        return {
          name,
          labels: { ...resource.spec.labels },
          source,
          kind: { $case: "service", value },
        };
      }
      case "secret": {
        const value = { data: wrap(resource.data) };
        return { name, labels: { ...resource.labels }, source, kind: { $case: "secret", value } };
      }
      case "config": {
        const value = { data: wrap(resource.data) };
        return { name, labels: { ...resource.labels }, source, kind: { $case: "config", value } };
      }
      case "volume": {
        const value = { driver: resource.driver, options: { ...resource.options } };
        return { name, labels: { ...resource.labels }, source, kind: { $case: "volume", value } };
      }
      default:
        return assertNever(resource, "resource kind");
    }
  });
}
