/**
 * The engine's refusals as Warren's errors, in plain words. Pure.
 *
 * The engine says why in free text, different from version to version; what is recognised here gets
 * a reason of its own, the rest keeps the engine's words.
 */
import { WarrenError } from "../../../lib/mod.ts";

/** Any failure of a request. Keeps a WarrenError as it is. */
export function toEngineError(error: unknown, doing: string, address: string): WarrenError {
  if (error instanceof WarrenError) return error;
  const status = numberOf(error, "statusCode");
  if (status === 0) return connectionError(error, doing, address);
  return new WarrenError("ENGINE_FAILED", `Cannot ${doing}: ${engineWords(error)}`, {
    cause: error,
  });
}

function connectionError(error: unknown, doing: string, address: string): WarrenError {
  const message = error instanceof Error ? error.message : String(error);
  const denied = /EACCES|permission denied/i.test(message);
  return new WarrenError(
    "ENGINE_UNREACHABLE",
    `Cannot ${doing}: the container engine at ${address} does not answer (${plainCause(message)})`,
    {
      cause: error,
      ...(denied && { hint: "run as root, or add this user to the engine's group" }),
    },
  );
}

function plainCause(message: string): string {
  if (/ENOENT|No such file/i.test(message)) return "no such socket";
  if (/ECONNREFUSED|refused/i.test(message)) return "connection refused";
  if (/EACCES|permission denied/i.test(message)) return "permission denied";
  if (/ECONNRESET|EPIPE|hang up/i.test(message)) return "connection closed";
  return message;
}

/** The engine's own sentence of an error of the modem. */
export function engineWords(error: unknown): string {
  if (typeof error === "object" && error !== null && "json" in error) {
    const { json } = error;
    if (typeof json === "object" && json !== null && "message" in json) {
      return String(json.message).trim();
    }
  }
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^\(HTTP code \d+\) [^-]* - /, "").trim();
}

/** Why a container did not start, from the engine's words. `doing` is `start container "x"`. */
export function toStartError(words: string, doing: string, holder: string): WarrenError {
  const port = conflictingPort(words);
  if (port !== undefined) {
    const by = holder === "" ? "" : ` by ${holder}`;
    return new WarrenError("PORT_IN_USE", `Port ${port} of this node is in use${by}`, {
      hint: `choose another host port, or free port ${port}`,
    });
  }
  if (isBadCommand(words)) return new WarrenError("COMMAND_FAILED", commandWords(words));
  return new WarrenError("ENGINE_FAILED", `Cannot ${doing}: ${words}`);
}

/** The host port that was taken, if that is what `words` say. */
export function conflictingPort(words: string): number | undefined {
  const match = /Bind for \S*?:(\d+) failed: port is already allocated/.exec(words) ??
    /listen (?:tcp|udp)[46]? \S*?:(\d+): bind: address already in use/.exec(words) ??
    /(?:port|:)\s?(\d+)\S*: bind: address already in use/.exec(words);
  return match ? Number(match[1]) : undefined;
}

function isBadCommand(words: string): boolean {
  return /executable file not found|exec: ".*"|exec format error|unable to find user|chdir to cwd|no command specified|starting container process caused.*(permission denied|no such file)/i
    .test(words);
}

/** `cannot run "foo": executable file not found in $PATH`. */
function commandWords(words: string): string {
  const exec = /exec: "([^"]*)": (.*?)(?:: unknown)?$/.exec(words);
  if (exec) {
    const cause = (exec[2] ?? "").replace(/^stat [^:]*: /, "");
    return `Cannot run "${exec[1]}": ${cause}`;
  }
  const caused = /(unable to find user .*?|chdir to cwd.*?|exec format error)(?:: unknown)?$/.exec(
    words,
  );
  return `Cannot run the command: ${caused?.[1] ?? words}`;
}

/** Why an image could not be pulled, from the words of the engine or the registry. */
export function toPullError(words: string, image: string): WarrenError {
  if (/toomanyrequests|rate limit/i.test(words)) {
    return new WarrenError(
      "IMAGE_PULL_FAILED",
      `Cannot pull "${image}": the registry allows no more pulls for now`,
    );
  }
  if (
    /manifest .*unknown|manifest for .* not found|not found: manifest|repository .* not found/i
      .test(words)
  ) {
    return new WarrenError(
      "IMAGE_NOT_FOUND",
      `Cannot pull "${image}": the registry has no such image`,
    );
  }
  if (/repository does not exist or may require/i.test(words)) {
    return new WarrenError(
      "IMAGE_NOT_FOUND",
      `Cannot pull "${image}": the registry has no such image, or it is private`,
      { hint: "check the image name, or load it on the node" },
    );
  }
  if (/denied|unauthorized|authentication required|no basic auth/i.test(words)) {
    return new WarrenError(
      "IMAGE_PULL_DENIED",
      `Cannot pull "${image}": the registry refused access`,
      { hint: "log the engine in to the registry, or check the image name" },
    );
  }
  if (/invalid reference format/i.test(words)) {
    return new WarrenError("IMAGE_NOT_FOUND", `Cannot pull "${image}": this is not an image name`);
  }
  if (/no matching manifest/i.test(words)) {
    return new WarrenError(
      "IMAGE_NOT_FOUND",
      `Cannot pull "${image}": it is not made for this kind of machine`,
    );
  }
  return new WarrenError("IMAGE_PULL_FAILED", `Cannot pull "${image}": ${registryCause(words)}`, {
    hint: "check the node's network and name servers, or load the image on the node",
  });
}

function registryCause(words: string): string {
  const host = /https?:\/\/([^/"]+)/.exec(words)?.[1];
  const registry = host ? `the registry ${host}` : "the registry";
  if (
    /no such host|server misbehaving|lookup .*(i\/o timeout|refused|fail|no answer|timed? ?out)/i
      .test(words)
  ) {
    return `${registry} has no address: its name cannot be resolved`;
  }
  if (/lookup /.test(words)) return `the name of ${registry} cannot be resolved`;
  if (/connection refused/i.test(words)) return `${registry} refused the connection`;
  if (/i\/o timeout|Client\.Timeout|deadline exceeded|request canceled/i.test(words)) {
    return `${registry} does not answer`;
  }
  if (/no route|unreachable/i.test(words)) return `${registry} cannot be reached`;
  if (/x509|certificate|tls:/i.test(words)) return `${registry} is not trusted: ${words}`;
  return words;
}

function numberOf(value: unknown, key: string): number {
  if (typeof value !== "object" || value === null) return 0;
  const found = Object.getOwnPropertyDescriptor(value, key)?.value;
  return typeof found === "number" ? found : 0;
}
