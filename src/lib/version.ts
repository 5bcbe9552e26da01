/**
 * The version of this build. `scripts/build` replaces the commit when it makes an executable.
 */

/** Semantic version of the program. */
export const VERSION = "0.1.0";
