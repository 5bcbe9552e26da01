/**
 * Labels below `spec`, as earlier versions had them: added to those of `metadata`.
 */
import { type Labels, quoteText } from "../../model/mod.ts";
import { type Field, field } from "./field.ts";
import { texts } from "./texts.ts";

/** The row of `spec.labels`; never written, since labels are written in `metadata`. */
export function labelsField<Draft extends { readonly labels: Labels }>(): Field<Draft> {
  return field<Draft, Labels>({
    key: "labels",
    codec: texts,
    doc: "The same as `metadata.labels`",
    spec: "labels",
    get: () => undefined,
    put(draft, labels, fault) {
      for (const [key, value] of Object.entries(labels)) {
        const known = Object.hasOwn(draft.labels, key) ? draft.labels[key] : undefined;
        if (known === undefined || known === value) continue;
        fault(`has another value for ${quoteText(key)} than metadata.labels: leave one out`);
      }
      return { ...draft, labels: { ...draft.labels, ...labels } };
    },
  });
}
