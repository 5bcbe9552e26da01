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
import type { NodeCredentials } from "./sessions/agent_gateway.ts";

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
      const sealed = parsed.role === "worker" ? cluster.workerToken : cluster.managerToken;
      const bytes = await sealer.open({ purpose: "join-token", name: parsed.role }, sealed);
      const isGood = equalInConstantTime(token, new TextDecoder().decode(bytes));
      return isGood ? parsed.role : undefined;
    },
    async create() {
      const credential = generateCredential();
      return { credential, hash: await hashCredential(credential) };
    },
    matches: verifyCredential,
  };
}
