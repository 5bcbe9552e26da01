/** `warren export`: what the cluster has, as manifests that `apply` takes back. */
import { WarrenError } from "../../lib/mod.ts";
import type { Resource } from "../../manifest/mod.ts";
import type { CommandContext } from "../context.ts";
import { quoted } from "../parse/usage.ts";
import type { Command } from "../tree/command.ts";
import type { ServiceSpec } from "../../client/wire/mod.ts";

/** The command. */
export const exportCommand: Command = {
  name: "export",
  group: "Manifests",
  summary: "Print services, configs and volumes as manifests",
  description: "The data of secrets never leaves the cluster; comments name the secrets left out.",
  args: [{
    name: "SERVICE",
    summary: "only these services; everything unless given",
    optional: true,
    repeats: true,
    names: "service",
  }],
  examples: [
    { line: "warren export > cluster.yaml", does: "Everything but secrets" },
    { line: "warren export web", does: "One service" },
  ],
  run: async (context) => {
    const { resources, comments } = await collect(context);
    const { exportManifests } = await import("../../manifest/mod.ts");
    context.print(exportManifests(resources, comments));
    return 0;
  },
};

async function collect(
  context: CommandContext,
): Promise<{ readonly resources: readonly Resource[]; readonly comments: readonly string[] }> {
  const client = await context.client();
  if (context.args.length > 0) {
    const services = await Promise.all(context.args.map(async (ref) => {
      const { service } = await client.getService({ ref, stale: false });
      if (service?.spec !== undefined) return service.spec;
      throw new WarrenError("SERVICE_NOT_FOUND", `There is no service ${quoted(ref)}`);
    }));
    return { resources: await Promise.all(services.map(serviceResource)), comments: [] };
  }
  const [{ volumes }, { configs }, { secrets }, { services }] = await Promise.all([
    client.listVolumes({}),
    client.listConfigs({}),
    client.listSecrets({}),
    client.listServices({ stale: false }),
  ]);
  const configResources = await Promise.all(configs.map(async ({ id, name, labels }) => {
    const { config } = await client.getConfig({ ref: id });
    return { kind: "config", name, labels, data: config?.data ?? new Uint8Array() } as const;
  }));
  const volumeResources = volumes.map(({ name, labels, driver, options }) =>
    ({ kind: "volume", name, labels, driver, options }) as const
  );
  const specs = services.flatMap(({ spec }) => spec === undefined ? [] : [spec]);
  return {
    resources: [
      ...volumeResources,
      ...configResources,
      ...await Promise.all(specs.map(serviceResource)),
    ],
    comments: secrets.map(({ name }) =>
      `secret ${name} is left out: create it before you apply this`
    ),
  };
}

async function serviceResource(message: ServiceSpec): Promise<Resource> {
  const { loadSpecConversion } = await import("../../client/mod.ts");
  const { serviceSpecFromProto } = await loadSpecConversion();
  const spec = serviceSpecFromProto(message, []);
  return { kind: "service", name: spec.name, spec };
}
