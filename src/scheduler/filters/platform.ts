/**
 * Admits nodes that the image was built for.
 *
 * The platforms of an image are found out elsewhere and come with the request; while they are not
 * known (null) every node will do, and the engine then says what it cannot run.
 */
import type { Filter } from "./filter.ts";

const MAX_SHOWN = 5;

/** Refuses nodes of an operating system or architecture that the image does not have. */
export const platformFilter: Filter = {
  name: "platform",
  check({ request }, node) {
    const { platforms } = request;
    const { os, arch } = node.description;
    if (platforms === null) return null;
    if (platforms.some((platform) => platform.os === os && platform.arch === arch)) return null;
    const shown = platforms.slice(0, MAX_SHOWN).map((each) => `${each.os}/${each.arch}`);
    return {
      common: "is of a platform that the image is not built for",
      message: `is ${os}/${arch}, for which the image is not built (it has ${shown.join(", ")})`,
      change: `use an image that also has ${os}/${arch}, or add a node of ${shown[0] ?? "its own"}`,
    };
  },
};
