/**
 * ListServices: all services with their counts, kept encoded between changes.
 *
 * The feed says which services changed; only those are counted and encoded again. Holds one entry
 * per service and the whole answer since the last change.
 */
import type { ServiceId } from "../model/mod.ts";
import { Service as ServiceMessage } from "../rpc/gen/warren/v1/service.ts";
import type { ChangeFeed, StateView } from "../store/mod.ts";
import { serviceToProto } from "./convert/service.ts";
import { listEntry } from "./encoded_rows.ts";

/** The encoded answer of ListServices. */
export class ServiceList {
  readonly #view: StateView;
  readonly #entries = new Map<ServiceId, Uint8Array>();
  #answer: Buffer | undefined;

  /** Listens to `feed` for as long as it lives. */
  constructor(view: StateView, feed: ChangeFeed) {
    this.#view = view;
    feed.subscribe(({ changes }) => {
      for (const change of changes) {
        if (change.table === "services") this.#forget((change.after ?? change.before)?.id);
        if (change.table === "tasks") this.#forget((change.after ?? change.before)?.serviceId);
      }
    });
  }

  #forget(id: ServiceId | undefined): void {
    if (id === undefined) return;
    this.#entries.delete(id);
    this.#answer = undefined;
  }

  /** A `ListServicesResponse`, encoded. */
  encoded(): Buffer {
    return this.#answer ??= Buffer.concat(Array.from(this.#view.services(), (service) => {
      const known = this.#entries.get(service.id);
      if (known) return known;
      const message = serviceToProto(this.#view, service);
      const entry = listEntry(ServiceMessage.encode(message).finish());
      this.#entries.set(service.id, entry);
      return entry;
    }));
  }
}
