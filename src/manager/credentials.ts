/**
 * Join tokens and node credentials over the store and the sealer: who may become a node, and
 * whether a node is who it says.
 *
 * Tokens lie sealed in the store, so that they can be shown again; credentials only as hashes.
 */
import type { Sealed } from "../model/mod.ts";
import {
  equalInConstantTime,
  generateCredential,
  generateJoinToken,
  hashCredential,
  parseJoinToken,
  type Sealer,
  type TokenRole,
  verifyCredential,
} from "../security/mod.ts";
import type { StateView } from "../store/mod.ts";
import type { NodeCredentials } from "./sessions/admission.ts";

/** A new token for `role`, sealed. */
export async function sealedJoinToken(sealer: Sealer, role: TokenRole): Promise<Sealed> {
  const bytes = new TextEncoder().encode(generateJoinToken(role));
  return await sealer.seal({ purpose: "join-token", name: role }, bytes);
}

/** The checks of the agent gateway. */
export function nodeCredentials(view: StateView, sealer: Sealer): NodeCredentials {
  return {
    async roleOfToken(token) {
      const parsed = parseJoinToken(token);
      const cluster = view.cluster();
      if (!parsed || !cluster) return undefined;
      const isGood = equalInConstantTime(token, await openToken(view, sealer, parsed.role));
      return isGood ? parsed.role : undefined;
    },
    managerToken: () => openToken(view, sealer, "manager"),
    async create() {
      const credential = generateCredential();
      return { credential, hash: await hashCredential(credential) };
    },
    matches: verifyCredential,
  };
}

/** The join token for `role`; "" while there is no cluster. @throws WarrenError UNSEAL_FAILED */
async function openToken(view: StateView, sealer: Sealer, role: TokenRole): Promise<string> {
  const cluster = view.cluster();
  if (!cluster) return "";
  const sealed = role === "worker" ? cluster.workerToken : cluster.managerToken;
  return new TextDecoder().decode(await sealer.open({ purpose: "join-token", name: role }, sealed));
}
