/**
 * The cluster as the manifest planner sees it, with the secrets it compares held open in memory.
 *
 * Opening is asynchronous and planning is not: `openSecrets` first, then `isCurrent` and the plan
 * within one turn. Opened data is wiped by `wipe` and goes nowhere else.
 */
import type { CurrentState, PlacedResource } from "../../manifest/mod.ts";
import type { Secret } from "../../model/mod.ts";
import type { StateView } from "../../store/mod.ts";
import type { ApiContext } from "../context.ts";

/** Data of those secrets that a plan compares. */
export class OpenedSecrets {
  readonly #opened = new Map<Secret, Uint8Array>();

  /** Opens every secret of `resources` that exists. @throws WarrenError UNSEAL_FAILED. */
  static async open(
    { view, sealer }: Pick<ApiContext, "view" | "sealer">,
    resources: readonly PlacedResource[],
  ): Promise<OpenedSecrets> {
    const secrets = new OpenedSecrets();
    for (const secret of named(view, resources)) {
      const bytes = await sealer.open({ purpose: "secret", name: secret.name }, secret.sealed);
      secrets.#opened.set(secret, bytes);
    }
    return secrets;
  }

  /** Whether just the secrets that are opened are what `view` has now. */
  isCurrent(view: StateView, resources: readonly PlacedResource[]): boolean {
    return named(view, resources).every((secret) => this.#opened.has(secret));
  }

  /** Whether `data` is what `secret` holds. */
  hasSameData(secret: Secret, data: Uint8Array): boolean {
    const opened = this.#opened.get(secret);
    return opened !== undefined && sameBytes(opened, data);
  }

  /** Overwrites what was opened. */
  wipe(): void {
    for (const bytes of this.#opened.values()) bytes.fill(0);
    this.#opened.clear();
  }
}

function named(view: StateView, resources: readonly PlacedResource[]): readonly Secret[] {
  return resources.flatMap(({ resource }) => {
    return resource.kind === "secret" ? view.secretByName(resource.name) ?? [] : [];
  });
}

/** What the planner sees. */
export function currentState(view: StateView, secrets: OpenedSecrets): CurrentState {
  return {
    findService: (name) => view.serviceByName(name)?.spec,
    findSecret: (name) => {
      const secret = view.secretByName(name);
      return secret && { ...secret, hasSameData: (data) => secrets.hasSameData(secret, data) };
    },
    findConfig: (name) => {
      const config = view.configByName(name);
      const hasSameData = (data: Uint8Array) =>
        config !== undefined && sameBytes(Buffer.from(config.data, "base64"), data);
      return config && { ...config, hasSameData };
    },
    findVolume: (name) => view.volumeByName(name),
    list(kind) {
      switch (kind) {
        case "service":
          return Array.from(
            view.services(),
            ({ spec }) => ({ name: spec.name, labels: spec.labels }),
          );
        case "secret":
          return view.secrets();
        case "config":
          return view.configs();
        case "volume":
          return view.volumes();
      }
    },
  };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
