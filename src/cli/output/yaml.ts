/**
 * YAML for programs. Loaded by `render.ts` only when it is asked for, since the library is large.
 *
 * The library is imported by name here: in the bundled program a dynamic import of it has no names.
 */
import { Document, Scalar, visit } from "yaml";
import { escapeObeyed, hasObeyed } from "./style.ts";

/** `value` as one YAML document, harmless on a terminal. */
export function toYaml(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  let hasQuoted = false;
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value !== "string" || !hasObeyed(node.value)) return;
      node.type = Scalar.QUOTE_DOUBLE;
      hasQuoted = true;
    },
  });
  const text = document.toString({ lineWidth: 0 });
  return hasQuoted ? escapeObeyed(text) : text;
}
