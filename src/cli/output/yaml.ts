/**
 * YAML for programs. Loaded by `render.ts` only when it is asked for, since the library is large.
 *
 * The library is imported by name here: in the bundled program a dynamic import of it has no names.
 */
import { stringify } from "yaml";

/** `value` as one YAML document. */
export function toYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}
