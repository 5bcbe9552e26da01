/**
 * A few typed calls over the real socket, for load and failure tests that cannot afford a process
 * per command. Everything else goes through the command line (`warren.ts`).
 */
import { type Channel, openChannel, parseAddress } from "../../src/rpc/mod.ts";
import { serviceSpecToProto } from "../../src/rpc/convert/mod.ts";
import { defaultServiceSpec, type ServiceSpec, type TaskSpec } from "../../src/model/mod.ts";
import {
  type Service,
  ServiceServiceService as services,
  type Task,
  type WatchServiceResponse,
} from "../../src/rpc/gen/warren/v1/service.ts";
import { TaskServiceService as tasks } from "../../src/rpc/gen/warren/v1/task.ts";

/** A spec with `task` over the defaults. */
export function specOf(
  name: string,
  replicas: number,
  task: Partial<TaskSpec>,
): ServiceSpec {
  const base = defaultServiceSpec(name);
  return { ...base, mode: { kind: "replicated", replicas }, task: { ...base.task, ...task } };
}

/** One connection with the calls that load tests make. */
export class TestApi implements Disposable {
  readonly #channel: Channel;

  /** `host` as in WARREN_HOST. */
  constructor(host: string) {
    this.#channel = openChannel(parseAddress(host));
  }

  async create(spec: ServiceSpec): Promise<Service> {
    const request = { spec: serviceSpecToProto(spec) };
    const { service } = await this.#channel.unary(services.createService, request);
    if (!service) throw new Error("the answer holds no service");
    return service;
  }

  async scale(name: string, replicas: number): Promise<void> {
    await this.#channel.unary(services.scaleServices, { replicas: { [name]: replicas } });
  }

  async remove(ref: string): Promise<void> {
    await this.#channel.unary(services.removeService, { ref });
  }

  async list(): Promise<Service[]> {
    return (await this.#channel.unary(services.listServices, { stale: false })).services;
  }

  async tasks(service = ""): Promise<Task[]> {
    const request = { service, node: "", all: false, stale: false };
    return (await this.#channel.unary(tasks.listTasks, request)).tasks;
  }

  /** Snapshots of the service until the caller leaves the loop. */
  watch(ref: string, signal?: AbortSignal): AsyncIterable<WatchServiceResponse> {
    return this.#channel.serverStream(services.watchService, { ref }, { signal });
  }

  /** Waits until the service has just `running` running tasks and nothing is on its way. */
  async settled(ref: string, running: number, timeoutMs = 60_000): Promise<void> {
    const signal = AbortSignal.timeout(timeoutMs);
    let last: WatchServiceResponse | undefined;
    try {
      for await (const seen of this.watch(ref, signal)) {
        last = seen;
        if (seen.settled && (seen.service?.running ?? 0) === running) return;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    throw new Error(`"${ref}" did not settle at ${running}: ${last?.waitingFor ?? "no answer"}`);
  }

  [Symbol.dispose](): void {
    this.#channel.close();
  }
}
