/** Admits nodes that have a runtime for the task: an engine for containers, or plain processes. */
import type { Filter } from "./filter.ts";

/** Refuses nodes without the runtime that the service asks for. */
export const runtimeFilter: Filter = {
  name: "runtime",
  check({ request }, node) {
    const { runtimes } = node.description;
    const own = runtimes[0];
    if (own === undefined) {
      return {
        message: "offers no runtime",
        change: `start the worker on ${node.name} with --runtime docker or --runtime process`,
      };
    }
    const { runtime, image, entrypoint, command } = request.spec;
    if (runtime === "auto" && own === "process" && entrypoint.length + command.length === 0) {
      return {
        message: `runs processes of the host, and the service has only an image`,
        change:
          `start the worker on ${node.name} with --runtime docker, or give the service a command`,
      };
    }
    if (runtime === "auto" && (image !== "" || own === "process")) return null;
    const wanted = runtime === "auto" ? "process" : runtime;
    if (runtime !== "auto" && runtimes.includes(wanted)) return null;
    return {
      message: `has no ${wanted} runtime`,
      change: `start the worker on ${node.name} with --runtime ${wanted}, ` +
        `or the service with --runtime ${own}`,
    };
  },
};
