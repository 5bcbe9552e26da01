/**
 * YAML text to trees: the only file that knows the YAML library.
 *
 * Called by `parse.ts`. Everything is bounded before it costs anything: bytes, tokens, depth and
 * documents while reading, nodes after aliases are followed. Nothing is thrown; what cannot be read
 * is a fault with its place.
 */
import {
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  Parser,
  type Scalar,
  type YAMLError,
  type YAMLMap,
} from "yaml";
import { quoteText } from "../../model/mod.ts";
import type { FaultList } from "../place.ts";
import { checkSource, type ManifestFile, SourceText } from "./source.ts";
import type { Tree, TreeEntry } from "./tree.ts";

/** Bounds of one file. */
export const YAML_LIMITS = {
  documents: 1_000,
  depth: 64,
  /** Lexical tokens of one document, white space included: about 8,000 lines. */
  documentTokens: 60_000,
  /** The same of all documents. */
  tokens: 300_000,
  /** Nodes after aliases are followed. */
  nodes: 100_000,
  /** UTF-16 units of all texts after aliases are followed. */
  chars: 8 * 2 ** 20,
} as const;

/** Syntax faults reported per document; those after the first few mostly follow from them. */
const MAX_SYNTAX_FAULTS = 5;

/** The documents of `file` that hold anything; what is wrong goes to `faults`. */
export function readDocuments(file: ManifestFile, faults: FaultList): readonly Tree[] {
  const source = new SourceText(file.name, file.text.replace(/^\ufeff/, ""));
  if (!checkSource(source, faults)) return [];
  const reading = new Reading(source, faults);
  try {
    return composeDocuments(source, reading);
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    reading.fault(0, `cannot be read as YAML: ${what}`);
    return [];
  }
}

/** Streams the text through the library's stages and stops at the first bound that is passed. */
function composeDocuments(source: SourceText, reading: Reading): readonly Tree[] {
  const trees: Tree[] = [];
  let documents = 0;
  const take = (composed: Iterable<Document.Parsed>): boolean => {
    for (const document of composed) {
      if (++documents > YAML_LIMITS.documents) {
        const offset = document.range[0];
        reading.fault(offset, `has more than ${YAML_LIMITS.documents} documents: split the file`);
        return false;
      }
      const tree = reading.document(document);
      if (tree !== undefined) trees.push(tree);
    }
    return true;
  };
  const composer = new Composer({
    schema: "failsafe",
    merge: false,
    uniqueKeys: false,
    resolveKnownTags: false,
    prettyErrors: false,
    logLevel: "silent",
  });
  const parser = new Parser();
  let tokens = 0;
  let documentStart = 0;
  for (const lexeme of new Lexer().lex(source.text)) {
    for (const token of parser.next(lexeme)) {
      if (!take(composer.next(token))) return trees;
      if (token.type === "document") documentStart = tokens;
    }
    const message = overLimit(++tokens, tokens - documentStart, parser.stack.length);
    if (message !== undefined) {
      reading.fault(parser.offset, message);
      return trees;
    }
  }
  for (const token of parser.end()) if (!take(composer.next(token))) return trees;
  take(composer.end());
  return trees;
}

function overLimit(tokens: number, inDocument: number, depth: number): string | undefined {
  if (tokens > YAML_LIMITS.tokens) return "has too many tokens: split the file";
  if (inDocument > YAML_LIMITS.documentTokens) return "has too many tokens for one document";
  // The stack also holds the document and the scalar being read.
  if (depth > YAML_LIMITS.depth + 2) return `is nested deeper than ${YAML_LIMITS.depth} levels`;
  return undefined;
}

/** A tree and what it comes to when aliases are followed. */
interface Sized {
  readonly tree: Tree;
  readonly nodes: number;
  readonly chars: number;
}

/** Converts the documents of one file. */
class Reading {
  /** Anchors of the document so far; "open" while the anchored node is being read. */
  #anchors = new Map<string, Sized | "open">();

  constructor(readonly source: SourceText, readonly faults: FaultList) {}

  fault(offset: number, message: string): void {
    this.faults.add({ place: this.source.placeAt(offset), path: "", message });
  }

  /** The tree of one document; undefined when it is empty or its syntax is broken. */
  document(document: Document.Parsed): Tree | undefined {
    const errors: readonly YAMLError[] = document.errors.slice(0, MAX_SYNTAX_FAULTS);
    for (const error of errors) this.fault(error.pos[0], `is no valid YAML: ${plainWords(error)}`);
    if (errors.length > 0) return undefined;
    const { contents } = document;
    if (isScalar(contents) && contents.type === "PLAIN" && contents.source === "") return undefined;
    this.#anchors = new Map();
    const read = this.#node(contents, document.range[0]);
    return isWithinLimits(read) ? read.tree : undefined;
  }

  #node(node: unknown, fallback: number): Sized {
    if (isAlias(node)) return this.#alias(node.source, node.range?.[0] ?? fallback);
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, "open");
    const sized = this.#anchored(node, fallback);
    if (anchor !== undefined) this.#anchors.set(anchor, sized);
    return sized;
  }

  #anchored(node: unknown, fallback: number): Sized {
    if (isMap(node)) return this.#map(node, node.range?.[0] ?? fallback);
    if (isSeq(node)) {
      const offset = node.range?.[0] ?? fallback;
      this.#checkTag(node.tag, "seq", offset);
      const items = node.items.map((item) => this.#node(item, offset));
      const tree: Tree = {
        kind: "list",
        items: items.map((item) => item.tree),
        place: this.source.placeAt(offset),
      };
      return this.#sized(tree, items, offset);
    }
    if (isScalar(node)) return this.#scalar(node, fallback);
    return this.#empty(fallback);
  }

  #map(node: YAMLMap, offset: number): Sized {
    this.#checkTag(node.tag, "map", offset);
    const seen = new Map<string, number>();
    const entries: TreeEntry[] = [];
    const values: Sized[] = [];
    for (const { key, value } of node.items) {
      const read = this.#key(key, offset);
      if (read === undefined) continue;
      const sized = this.#node(value, read.offset);
      const keyPlace = this.source.placeAt(read.offset);
      const earlier = seen.get(read.text);
      if (earlier !== undefined) {
        this.fault(read.offset, `repeats the key ${quoteText(read.text)} of line ${earlier}`);
        continue;
      }
      seen.set(read.text, keyPlace.line);
      values.push(sized);
      entries.push({ key: read.text, keyPlace, value: sized.tree });
    }
    const tree: Tree = { kind: "map", entries, place: this.source.placeAt(offset) };
    return this.#sized(tree, values, offset);
  }

  /** Keys are plain or quoted texts; anything else, `<<` too, is a fault. */
  #key(key: unknown, fallback: number): { text: string; offset: number } | undefined {
    if (!isScalar(key)) {
      const offset = isMap(key) || isSeq(key) || isAlias(key) ? key.range?.[0] : undefined;
      this.fault(offset ?? fallback, "has a key that is no text: write every key as a word");
      return undefined;
    }
    const offset = key.range?.[0] ?? fallback;
    this.#checkTag(key.tag, "str", offset);
    const text = scalarText(key);
    if (key.anchor !== undefined) {
      this.fault(offset, "has a key with an anchor: anchor values only");
    }
    if (text === "" && key.type === "PLAIN") {
      this.fault(offset, "has an empty key: write a word before the colon");
      return undefined;
    }
    if (text === "<<") {
      this.fault(offset, "uses the merge key <<, which is not supported: write the keys out");
      return undefined;
    }
    return { text, offset };
  }

  #scalar(node: Scalar, fallback: number): Sized {
    const offset = node.range?.[0] ?? fallback;
    this.#checkTag(node.tag, "str", offset);
    const text = scalarText(node);
    const plain = node.type === "PLAIN" && node.tag === undefined;
    const place = this.source.placeAt(offset);
    return { tree: { kind: "scalar", text, plain, place }, nodes: 1, chars: text.length };
  }

  #alias(name: string, offset: number): Sized {
    const target = this.#anchors.get(name);
    if (target !== undefined && target !== "open") return target;
    const quoted = quoteText(`*${name}`);
    this.fault(
      offset,
      target === "open"
        ? `the alias ${quoted} is inside the value that it stands for: a value cannot hold itself`
        : `the alias ${quoted} has no anchor before it in this document`,
    );
    return this.#empty(offset);
  }

  /** Sums up; the first node that goes over a bound reports it, those around it only pass it on. */
  #sized(tree: Tree, parts: readonly Sized[], offset: number): Sized {
    const nodes = parts.reduce((sum, part) => sum + part.nodes, 1);
    const chars = parts.reduce((sum, part) => sum + part.chars, 0);
    const sized = {
      tree,
      nodes: Math.min(nodes, YAML_LIMITS.nodes + 1),
      chars: Math.min(chars, YAML_LIMITS.chars + 1),
    };
    if (!isWithinLimits(sized) && parts.every(isWithinLimits)) {
      this.fault(offset, "comes to too much with all aliases followed: use fewer aliases");
    }
    return sized;
  }

  #checkTag(tag: string | undefined, allowed: "str" | "map" | "seq", offset: number): void {
    if (tag === undefined || tag === "!" || tag === `tag:yaml.org,2002:${allowed}`) return;
    this.fault(offset, `has the tag ${quoteText(tag)}, which is not supported: leave it out`);
  }

  #empty(offset: number): Sized {
    const place = this.source.placeAt(offset);
    return { tree: { kind: "scalar", text: "", plain: true, place }, nodes: 1, chars: 0 };
  }
}

function isWithinLimits(sized: Sized): boolean {
  return sized.nodes <= YAML_LIMITS.nodes && sized.chars <= YAML_LIMITS.chars;
}

function scalarText(node: Scalar): string {
  return typeof node.value === "string" ? node.value : node.source ?? "";
}

/** The library's words on one line, bounded. */
function plainWords(error: YAMLError): string {
  return error.message.replace(/[\p{Cc}\p{Cs}\s]+/gu, " ").slice(0, 200).trim();
}
