/**
 * SecretService: data goes in, is sealed before it is proposed, and never comes out through here.
 */
import { WarrenError } from "../lib/mod.ts";
import { asId, quoteText, type SecretId, validateSecret } from "../model/mod.ts";
import { SecretServiceService } from "../rpc/gen/warren/v1/resource.ts";
import { serve, type ServedService } from "../rpc/mod.ts";
import type { ApiContext } from "./context.ts";
import { secretToProto, servicesUsing } from "./convert/resource.ts";
import { isRepeated, propose } from "./propose.ts";
import { resolveSecret } from "./resolve.ts";

/** The service to add to a server. */
export function secretService(context: ApiContext): ServedService {
  const { view, clock, ids, sealer } = context;
  return serve(SecretServiceService, {
    createSecret: async ({ name, data, labels }, call) => {
      const sizeBytes = data.length;
      const faults = validateSecret({ name, labels, sizeBytes });
      if (faults.length > 0) {
        throw new WarrenError("INVALID_SPEC", `Cannot create secret ${quoteText(name)}`, {
          faults,
        });
      }
      const sealed = await sealer.seal({ purpose: "secret", name }, Uint8Array.from(data));
      const nowMs = clock.wallNow();
      const times = { createdMs: nowMs, updatedMs: nowMs };
      const id = asId<SecretId>(ids.next());
      const secret = { id, name, labels: { ...labels }, sealed, sizeBytes, revision: 1, ...times };
      await propose(context, [{ kind: "secret.create", secret }], call);
      return { secret: secretToProto(resolveSecret(view, name)) };
    },
    getSecret: ({ ref }) => {
      const secret = resolveSecret(view, ref);
      const usedBy = servicesUsing(view, ({ spec }) => {
        return spec.task.secrets.some(({ name }) => name === secret.name);
      });
      return { secret: secretToProto(secret), usedBy: [...usedBy] };
    },
    listSecrets: () => ({ secrets: Array.from(view.secrets(), secretToProto) }),
    removeSecret: async ({ ref }, call) => {
      if (isRepeated(context, call)) return { id: ref };
      const { id } = resolveSecret(view, ref);
      await propose(context, [{ kind: "secret.remove", id }], call);
      return { id };
    },
  });
}
