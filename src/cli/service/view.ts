/**
 * How services are shown: columns, JSON fields, filters. The JSON fields are part of the contract of the
 * command line. Pure.
 */
import { labelValues } from "../output/filter.ts";
import type { ListView } from "../output/render.ts";
import { cutTo, type Tone } from "../output/style.ts";
import { formatAge, formatPort, isoTime, shortId } from "../output/text.ts";
import type { Service } from "../../client/wire/mod.ts";

/** Keys of `service list --filter`. */
export const SERVICE_FILTERS = ["name", "id", "mode", "image", "label"] as const;

/** Cells of a command in a list. */
const MAX_COMMAND_CELLS = 40;

/** What `service list -o json` has for each service. */
export function serviceJson(service: Service): Readonly<Record<string, unknown>> {
  const { spec } = service;
  return {
    id: service.id,
    name: spec?.name ?? "",
    mode: spec?.mode ?? "",
    image: spec?.task?.image ?? "",
    replicas: { desired: service.desired, running: service.running },
    ports: (spec?.task?.ports ?? []).map((port) => ({
      name: port.name,
      containerPort: port.containerPort,
      hostPort: port.hostPort,
      protocol: port.protocol,
      publishMode: port.publishMode,
    })),
    updateStatus: {
      state: service.rollout?.state ?? "none",
      message: service.rollout?.message ?? "",
    },
    version: service.version,
    labels: spec?.labels ?? {},
    revision: service.revision,
    createdAt: isoTime(service.createdMs),
    updatedAt: isoTime(service.updatedMs),
  };
}

/** `2/3`. */
export function replicasText(service: Service): string {
  return `${service.running}/${service.desired}`;
}

/** Tone of a service: bad when nothing runs, busy when something is missing. */
export function serviceTone(service: Service): Tone | undefined {
  if (service.desired === 0) return "quiet";
  if (service.running >= service.desired) return "good";
  return service.running === 0 ? "bad" : "busy";
}

/** The list of services. */
export function serviceView(nowMs: number, isTruncating: boolean): ListView<Service> {
  const id = (service: Service) => isTruncating ? shortId(service.id) : service.id;
  const ports = (service: Service) => (service.spec?.task?.ports ?? []).map(formatPort).join(", ");
  return {
    columns: [
      { header: "ID", cell: id },
      { header: "NAME", cell: (service) => service.spec?.name ?? "" },
      { header: "MODE", cell: (service) => service.spec?.mode ?? "", yields: 1 },
      { header: "REPLICAS", cell: replicasText, tone: serviceTone },
      {
        header: "IMAGE",
        cell: (service) => isTruncating ? shortImageText(service) : imageText(service),
        shrinkTo: 16,
      },
      { header: "PORTS", cell: ports, shrinkTo: 14, yields: 3 },
      { header: "UPDATE", cell: (service) => service.rollout?.state ?? "", wide: true },
      { header: "REVISION", cell: (service) => String(service.revision), wide: true },
      { header: "UPDATED", cell: (service) => formatAge(service.updatedMs, nowMs), yields: 2 },
    ],
    id: (service) => service.id,
    name: (service) => service.spec?.name ?? "",
    json: serviceJson,
    filters: {
      name: (service) => [service.spec?.name ?? ""],
      id: (service) => [service.id, shortId(service.id)],
      mode: (service) => [service.spec?.mode ?? ""],
      image: (service) => [service.spec?.task?.image ?? ""],
      label: (service) => labelValues(service.spec?.labels ?? {}),
    },
  };
}

/** The image, or the command of a service that runs on the host. */
export function imageText(service: Service): string {
  const task = service.spec?.task;
  if (task === undefined) return "";
  return task.image === "" ? task.command.join(" ") : task.image;
}

/** A command can be a whole script: lists show how it begins. */
function shortImageText(service: Service): string {
  const text = imageText(service);
  return service.spec?.task?.image === "" ? cutTo(text, MAX_COMMAND_CELLS) : text;
}
