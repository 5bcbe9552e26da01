/** What an agent says of a failed relay, as an error with a reason that is known here. */
import { isReason, WarrenError } from "../lib/mod.ts";
import type { RelayFailure } from "../rpc/gen/warren/v1/agent.ts";

/** The error that `failure` stands for. */
export function relayError({ reason, message, hint }: RelayFailure): WarrenError {
  const known = isReason(reason) ? reason : "UNKNOWN_FAULT";
  return new WarrenError(known, message, hint === "" ? {} : { hint });
}
