/**
 * The standard health service, for probes of other makers.
 *
 * The composition root sets the state; "" is the server as a whole. It judges nothing itself.
 */
import { WarrenError } from "../../lib/mod.ts";
import {
  HealthCheckResponse_ServingStatus as ServingStatus,
  HealthService,
} from "../gen/grpc/health/v1/health.ts";
import { serve, type ServedService } from "../handler.ts";

/** The health of the services of one server. */
export class HealthBoard {
  readonly #serving = new Map<string, boolean>();
  readonly #watchers = new Set<() => void>();

  /** Sets whether `service` (its full name, "" for the server) takes requests. */
  set(service: string, isServing: boolean): void {
    if (this.#serving.get(service) === isServing) return;
    this.#serving.set(service, isServing);
    for (const wake of this.#watchers) wake();
  }

  /** The service to add to a server. */
  service(): ServedService {
    return serve(HealthService, {
      check: ({ service }) => {
        const isServing = this.#serving.get(service);
        if (isServing === undefined) return Promise.reject(unknownService(service));
        return Promise.resolve({ status: statusOf(isServing) });
      },
      watch: async ({ service }, call) => {
        let sent: ServingStatus | undefined;
        while (!call.signal.aborted) {
          const status = statusOf(this.#serving.get(service));
          if (status !== sent) await call.write({ status: sent = status });
          else await this.#change(call.signal);
        }
      },
    });
  }

  /** Settles at the next change or when `signal` aborts. */
  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#watchers.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#watchers.add(done);
      signal.addEventListener("abort", done, { once: true });
    });
  }
}

function statusOf(isServing: boolean | undefined): ServingStatus {
  if (isServing === undefined) return ServingStatus.SERVICE_UNKNOWN;
  return isServing ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
}

function unknownService(service: string): WarrenError {
  return new WarrenError("HEALTH_UNKNOWN", `Cannot check "${service}": no such service here`);
}
