/**
 * The data of a secret or config: from a file, from the command line, or from standard input. Exactly one
 * of them. Shared by `secret create` and `config create`.
 */
import { MAX_CONFIG_BYTES } from "../../model/mod.ts";
import type { CommandContext } from "../context.ts";
import { usageError } from "../parse/usage.ts";
import { readFlagFile } from "../read_file.ts";
import type { Arg, Flag } from "../tree/flag.ts";

/** Flags that name the data. */
export const PAYLOAD_FLAGS: readonly Flag[] = [
  { name: "from-file", value: "FILE", names: "file", summary: "file with the data; - is stdin" },
  {
    name: "from-literal",
    value: "TEXT",
    summary: "the data itself; other users can see it in the process list",
  },
  { name: "from-stdin", hidden: true, summary: "older spelling of -" },
  { name: "label", value: "KEY=VALUE", form: "pair", repeats: true, summary: "label" },
];

/** The `-` that stands for stdin. */
export const STDIN_ARG: Arg = {
  name: "-",
  summary: "read the data from stdin",
  optional: true,
  choices: ["-"],
};

/** Reads the data. @throws WarrenError USAGE when none or several are named, or it cannot be read */
export async function readPayload(context: CommandContext): Promise<Uint8Array> {
  const { flags, args } = context;
  const file = flags.text("from-file");
  const literal = flags.text("from-literal");
  const isStdin = args[1] === "-" || flags.isOn("from-stdin");
  const given = [file, literal, isStdin ? "-" : undefined].filter((way) => way !== undefined);
  if (given.length !== 1) {
    throw usageError(
      given.length === 0 ? "The data is missing" : "The data is given more than once",
      "use one of --from-file FILE, --from-literal TEXT and - for stdin",
    );
  }
  if (literal !== undefined) return new TextEncoder().encode(literal);
  // One byte more than allowed is enough for the cluster to refuse it with its own words.
  if (isStdin || file === "-") return await context.io.readStdin(MAX_CONFIG_BYTES + 1);
  return await readFlagFile("from-file", file ?? "", MAX_CONFIG_BYTES);
}
