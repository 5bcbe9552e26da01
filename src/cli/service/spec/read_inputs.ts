/**
 * Reads the files that the flags of a service name. The only part of making a spec that touches the disk.
 */
import { WarrenError } from "../../../lib/mod.ts";
import type { CommandContext } from "../../context.ts";
import { quoted } from "../../parse/usage.ts";
import type { SpecInputs } from "./from_flags.ts";
import { parseEnvFile } from "./words.ts";

const MAX_ENV_FILE_BYTES = 1024 * 1024;

/** What a spec is made from. @throws WarrenError USAGE when a file cannot be read */
export async function readSpecInputs(
  context: CommandContext,
  isUpdate: boolean,
): Promise<SpecInputs> {
  const { flags, rest, io } = context;
  const files = flags.all("env-file");
  const lines = await Promise.all(
    files.map(async (file) => parseEnvFile(await readText(file), file)),
  );
  return {
    flags,
    command: rest !== null && rest.length === 0 ? null : rest,
    envFileLines: lines.flat(),
    env: io.env,
    isUpdate,
  };
}

async function readText(file: string): Promise<string> {
  try {
    const { size } = await Deno.stat(file);
    if (size > MAX_ENV_FILE_BYTES) throw new Error(`it has more than ${MAX_ENV_FILE_BYTES} bytes`);
    return await Deno.readTextFile(file);
  } catch (cause) {
    const why = cause instanceof Deno.errors.NotFound
      ? "there is no such file"
      : cause instanceof Error
      ? cause.message
      : String(cause);
    throw new WarrenError("USAGE", `Cannot read --env-file ${quoted(file)}: ${why}`, { cause });
  }
}
