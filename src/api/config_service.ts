/** ConfigService: files that need not be hidden. Lists carry no data. */
import { WarrenError } from "../lib/mod.ts";
import { asId, type ConfigId, quoteText, validateConfig } from "../model/mod.ts";
import { ConfigServiceService } from "../rpc/gen/warren/v1/resource.ts";
import { serve, type ServedService } from "../rpc/mod.ts";
import type { ApiContext } from "./context.ts";
import { configToProto, servicesUsing } from "./convert/resource.ts";
import { isRepeated, propose } from "./propose.ts";
import { resolveConfig } from "./resolve.ts";

/** The service to add to a server. */
export function configService(context: ApiContext): ServedService {
  const { view, clock, ids } = context;
  return serve(ConfigServiceService, {
    createConfig: async ({ name, data, labels }, call) => {
      const sizeBytes = data.length;
      const faults = validateConfig({ name, labels, sizeBytes });
      if (faults.length > 0) {
        throw new WarrenError("INVALID_SPEC", `Cannot create config ${quoteText(name)}`, {
          faults,
        });
      }
      const nowMs = clock.wallNow();
      const config = {
        id: asId<ConfigId>(ids.next()),
        name,
        labels: { ...labels },
        data: data.toString("base64"),
        sizeBytes,
        revision: 1,
        createdMs: nowMs,
        updatedMs: nowMs,
      };
      await propose(context, [{ kind: "config.create", config }], call);
      return { config: configToProto(resolveConfig(view, name), false) };
    },
    getConfig: ({ ref }) => {
      const config = resolveConfig(view, ref);
      const usedBy = servicesUsing(view, ({ spec }) => {
        return spec.task.configs.some(({ name }) => name === config.name);
      });
      return { config: configToProto(config, true), usedBy: [...usedBy] };
    },
    listConfigs: () => {
      return {
        configs: Array.from(view.configs(), (config) => configToProto(config, false)),
      };
    },
    removeConfig: async ({ ref }, call) => {
      if (isRepeated(context, call)) return { id: ref };
      const { id } = resolveConfig(view, ref);
      await propose(context, [{ kind: "config.remove", id }], call);
      return { id };
    },
  });
}
