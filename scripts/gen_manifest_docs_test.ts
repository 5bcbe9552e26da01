/** The page of manifests has every key as it is now. */
import assert from "node:assert/strict";
import { MANIFEST_PAGE, renderManifestPage } from "./gen_manifest_docs.ts";
import { ROOT } from "./packaging/paths.ts";

Deno.test("renderManifestPage finds nothing stale in docs/manifests.md", async () => {
  const page = await Deno.readTextFile(`${ROOT}/${MANIFEST_PAGE}`);
  assert.equal(renderManifestPage(page), page, "run: deno run -A scripts/gen_manifest_docs.ts");
});

Deno.test("renderManifestPage refuses a page without marks", () => {
  assert.throws(() => renderManifestPage("# nothing"), /no marks for Service/);
});
