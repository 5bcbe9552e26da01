// deno-lint-ignore-file no-console
/**
 * Makes the tables of docs/manifests.md from the tables that manifests are read with.
 *
 * Run by developers after a change of a key; a unit test fails while the page is stale. The text of
 * the page is written by hand: only what lies between the two marks of a kind is replaced.
 */
import { type FieldRow, MANIFEST_TABLES } from "../src/manifest/mod.ts";
import { ROOT } from "./packaging/paths.ts";
import { exitWith } from "./packaging/run.ts";

/** The page, from the root of the project. */
export const MANIFEST_PAGE = "docs/manifests.md";

async function main(args: readonly string[]): Promise<number> {
  if (args.length > 0) {
    console.error("Usage: deno run -A scripts/gen_manifest_docs.ts");
    return 2;
  }
  const path = `${ROOT}/${MANIFEST_PAGE}`;
  const page = await Deno.readTextFile(path);
  const wanted = renderManifestPage(page);
  if (wanted === page) return 0;
  await Deno.writeTextFile(path, wanted);
  console.log(`${MANIFEST_PAGE}: brought up to date`);
  return 0;
}

/** The page with fresh tables. @throws Error when the marks of a kind are missing */
export function renderManifestPage(page: string): string {
  let text = page;
  for (const { kind, fields } of MANIFEST_TABLES) {
    const [begin, end] = [`<!-- keys of ${kind} -->\n`, `<!-- end of ${kind} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from === -1 || to < from) throw new Error(`${MANIFEST_PAGE} has no marks for ${kind}`);
    text = `${text.slice(0, from)}${begin}\n${renderTable(fields)}\n${text.slice(to)}`;
  }
  return text;
}

function renderTable(fields: readonly FieldRow[]): string {
  const head = "| key | value | meaning; default |\n|---|---|---|\n";
  return head + rows(fields, "").map((row) => `| ${row.join(" | ")} |\n`).join("");
}

/** One line per key, keys of maps indented by what holds them: `ports[].hostPort`. */
function rows(fields: readonly FieldRow[], prefix: string): readonly (readonly string[])[] {
  return fields.flatMap((field) => {
    const { key, aliases, type, doc, required } = field;
    const isList = type.startsWith("list of") && field.fields.length > 0;
    const others = aliases.map((alias) => `\`${alias}\``).join(", ");
    const meaning = [
      doc,
      ...(required ? ["required"] : []),
      ...(others === "" ? [] : [`also ${others}`]),
    ].join("; ");
    const own = [`\`${prefix}${key}\``, type, meaning].map((cell) => cell.replaceAll("|", "\\|"));
    return [own, ...rows(field.fields, `${prefix}${key}${isList ? "[]" : ""}.`)];
  });
}

if (import.meta.main) await exitWith(() => main(Deno.args));
