/**
 * The program's entry: hands the arguments to the command line and exits with its code.
 *
 * It has no static import besides the command line's thin front, because every module read here is
 * paid for by `warren version` and by each completion.
 */
import { runCli } from "./src/cli/main.ts";

if (import.meta.main) Deno.exit(await runCli(Deno.args));
