/** Runs the scripts of the store: `deno test -A src/store -- --rewrite` renews them. */
import { testScripts } from "../../tests/harness/datadriven.ts";
import { storeRunner } from "./testing/store_script.ts";

testScripts("store", new URL("./testdata/", import.meta.url), storeRunner);
