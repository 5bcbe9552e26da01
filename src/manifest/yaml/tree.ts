/**
 * What a YAML document says, freed from the YAML library: scalars as text, lists, maps, each with
 * its place. Made by `read_yaml.ts`, read by the codecs.
 *
 * Scalars keep their text as written; whether `0400`, `yes` or `1e3` is a number is for the codec of
 * the key to say, so nothing is lost by guessing.
 */
import type { Place } from "../place.ts";

/** A text; `plain` when it stood without quotes and was not a block. */
export interface ScalarTree {
  readonly kind: "scalar";
  readonly text: string;
  readonly plain: boolean;
  readonly place: Place;
}

/** A sequence. */
export interface ListTree {
  readonly kind: "list";
  readonly items: readonly Tree[];
  readonly place: Place;
}

/** A mapping; its keys are texts and differ from each other. */
export interface MapTree {
  readonly kind: "map";
  readonly entries: readonly TreeEntry[];
  readonly place: Place;
}

/** One key of a mapping. */
export interface TreeEntry {
  readonly key: string;
  readonly keyPlace: Place;
  readonly value: Tree;
}

/** A node of a document; aliases are resolved to the node they name. */
export type Tree = ScalarTree | ListTree | MapTree;

/** Whether the node is an empty value, `~` or `null`. */
export function isNull(tree: Tree): boolean {
  return tree.kind === "scalar" && tree.plain && /^(?:~|null|Null|NULL)?$/.test(tree.text);
}

/** Whether the node is a plain word that YAML readers take for a boolean or a number. */
export function looksLikeNoText(tree: ScalarTree): boolean {
  return tree.plain &&
    /^(?:true|false|[-+]?(?:\.\d+|\d[\d_]*(?:\.\d*)?)(?:e[-+]?\d+)?|0[xo][\da-f]+|[-+]?\.inf|\.nan)$/i
      .test(tree.text);
}
