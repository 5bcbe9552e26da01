/**
 * Makes sure that an image is on this machine.
 *
 * An image that is present is never pulled, so a node works without a registry. A pull is bounded:
 * a registry that says nothing for a while fails it; the caller retries by its own policy.
 */
import { type Clock, WarrenError } from "../../../lib/mod.ts";
import { engineWords, toPullError } from "./errors.ts";
import { decodeJsonLines } from "./frames.ts";
import type { EngineClient } from "./http.ts";
import { asRecord, asText, recordAt } from "./parse.ts";
import { readStream } from "./read.ts";

/** How long the engine may take to say its first word of a pull, and then between two. */
export const PULL_LIMITS = { firstMs: 45_000, idleMs: 120_000 } as const;

/** What a pull needs. */
export interface PullContext {
  readonly engine: EngineClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onProgress?: (message: string) => void;
}

/** The engine's id of `image`. @throws IMAGE_NOT_FOUND, IMAGE_PULL_DENIED, IMAGE_PULL_FAILED */
export async function ensureImage(image: string, context: PullContext): Promise<string> {
  const present = await findImage(image, context);
  if (present !== undefined) return present;
  await pull(image, context);
  const pulled = await findImage(image, context);
  if (pulled !== undefined) return pulled;
  throw new WarrenError("IMAGE_PULL_FAILED", `Cannot pull "${image}": the engine did not keep it`);
}

async function findImage(image: string, context: PullContext): Promise<string | undefined> {
  const answer = await context.engine.find({
    method: "GET",
    path: `/images/${encodeURIComponent(image)}/json`,
    doing: `look for image "${image}"`,
    signal: context.signal,
  }).catch((error) => {
    if (/invalid reference format/i.test(engineWords(error))) {
      throw toPullError("invalid reference format", image);
    }
    throw error;
  });
  return answer === undefined ? undefined : asText(asRecord(answer)["Id"]);
}

async function pull(image: string, context: PullContext): Promise<void> {
  const { clock, signal } = context;
  const idle = new AbortController();
  let cancel = clock.after(PULL_LIMITS.firstMs, () => idle.abort());
  try {
    await followPull(image, context, AbortSignal.any([signal, idle.signal]), () => {
      cancel();
      cancel = clock.after(PULL_LIMITS.idleMs, () => idle.abort());
    });
    signal.throwIfAborted();
    if (idle.signal.aborted) throw noAnswer(image);
  } catch (error) {
    signal.throwIfAborted();
    if (idle.signal.aborted) throw noAnswer(image);
    if (error instanceof WarrenError && error.reason === "ENGINE_FAILED") {
      throw toPullError(engineWords(error.cause ?? error), image);
    }
    throw error;
  } finally {
    cancel();
  }
}

async function followPull(
  image: string,
  context: PullContext,
  signal: AbortSignal,
  onWord: () => void,
): Promise<void> {
  const doing = `pull "${image}"`;
  const stream = await context.engine.stream({
    method: "POST",
    path: "/images/create",
    query: pullQuery(image),
    doing,
    signal,
  });
  for await (const value of decodeJsonLines(readStream(stream, signal, doing))) {
    onWord();
    const words = asText(recordAt(value, "errorDetail")["message"]) ||
      asText(asRecord(value)["error"]);
    if (words !== "") throw toPullError(words, image);
    const message = progressMessage(asRecord(value));
    if (message !== "") context.onProgress?.(message);
  }
}

/** Without a tag the engine would pull every one of them. */
function pullQuery(image: string): Record<string, string> {
  if (image.includes("@")) return { fromImage: image };
  const hasTag = /:[^/]+$/.test(image);
  return { fromImage: hasTag ? image : `${image}:latest` };
}

function progressMessage(value: Readonly<Record<string, unknown>>): string {
  const layer = asText(value["id"]);
  const status = asText(value["status"]);
  return [layer && `${layer}:`, status, asText(value["progress"])].filter(Boolean).join(" ");
}

function noAnswer(image: string): WarrenError {
  return new WarrenError(
    "IMAGE_PULL_FAILED",
    `Cannot pull "${image}": the registry does not answer`,
    {
      hint: "check the node's network and name servers, or load the image on the node",
    },
  );
}
