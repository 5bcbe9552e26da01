/**
 * From the wire to a spec that may be proposed: defaults filled, every fault found at once.
 *
 * Used by the service and manifest services. Pure over the view; whether the secrets are still there
 * at the commit is checked once more by apply.
 */
import { type FieldFault, findNearest, WarrenError } from "../lib/mod.ts";
import {
  type FileRef,
  fillHealthPort,
  quoteText,
  type ServiceSpec,
  validateName,
  validateServiceSpec,
} from "../model/mod.ts";
import { serviceSpecFromProto } from "../rpc/convert/mod.ts";
import type { ServiceSpec as ServiceSpecMessage } from "../rpc/gen/warren/v1/service.ts";
import type { StateView } from "../store/mod.ts";

/**
 * The spec that `message` asks for; `verb` is what is done with it, for the error.
 *
 * @throws WarrenError INVALID_SPEC with all faults, BAD_REQUEST without a spec.
 */
export function specFromRequest(
  view: StateView,
  verb: string,
  message: ServiceSpecMessage | undefined,
): ServiceSpec {
  if (!message) throw new WarrenError("BAD_REQUEST", `Cannot ${verb} a service: no spec was sent`);
  const faults: FieldFault[] = [];
  const spec = fillHealthPort(serviceSpecFromProto(message, faults));
  faults.push(...validateServiceSpec(spec), ...findMissingFiles(view, spec));
  if (faults.length > 0) throw invalidSpec(verb, spec.name, faults);
  return spec;
}

/** The error for a spec with faults. */
export function invalidSpec(
  verb: string,
  name: string,
  faults: readonly FieldFault[],
): WarrenError {
  const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
  const message = `Cannot ${verb} service ${quoteText(name)}: its spec has ${count}`;
  return new WarrenError("INVALID_SPEC", message, { faults });
}

/** A fault for each secret and config that the spec names and that does not exist. */
export function findMissingFiles(view: StateView, spec: ServiceSpec): readonly FieldFault[] {
  const { secrets, configs } = spec.task;
  return [
    ...missing("secret", secrets, (name) => view.secretByName(name), () => view.secrets()),
    ...missing("config", configs, (name) => view.configByName(name), () => view.configs()),
  ];
}

function missing(
  noun: "secret" | "config",
  refs: readonly FileRef[],
  find: (name: string) => unknown,
  all: () => Iterable<{ readonly name: string }>,
): readonly FieldFault[] {
  return refs.flatMap(({ name }, at) => {
    // A name that cannot be is a fault of its own; advice to create it would lead nowhere.
    if (validateName("", name).length > 0 || find(name)) return [];
    const nearest = findNearest(name, Array.from(all(), (item) => item.name));
    const advice = nearest === undefined
      ? `create it with "warren ${noun} create"`
      : `did you mean "${nearest}"?`;
    const message = `${noun} ${quoteText(name)} does not exist: ${advice}`;
    return [{ path: `task.${noun}s[${at}].name`, message }];
  });
}
