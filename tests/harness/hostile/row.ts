/** The form of a row of hostile manifests, and the good manifests that rows are made from. */

/** What is wrong, as a noun; the file; what one of its faults must say; the line of that fault. */
export type Row = readonly [
  name: string,
  content: string | Uint8Array,
  fault: RegExp,
  line?: number,
];

/** A good Service with `lines` in its spec, each indented by two. The first is line 7. */
export function serviceManifest(...lines: readonly string[]): string {
  const head = ["apiVersion: warren.io/v1", "kind: Service", "metadata:", "  name: web", "spec:"];
  return [...head, "  image: nginx:1.27", ...lines.map((line) => `  ${line}`), ""].join("\n");
}

/** A document of `kind` called "thing" with `lines` in its spec; the first is line 6. */
export function resourceManifest(kind: string, ...lines: readonly string[]): string {
  const head = ["apiVersion: v1", `kind: ${kind}`, "metadata:", "  name: thing", "spec:"];
  return [...head, ...lines.map((line) => `  ${line}`), ""].join("\n");
}
