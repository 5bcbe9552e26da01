/**
 * Where the build reads and writes, in one place.
 *
 * Used by every file of this folder. All paths are absolute; outputs and caches are ignored by git.
 */

/** The project's folder. */
export const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
/** What is handed out: one file per target, and SHA256SUMS. */
export const DIST_DIR = `${ROOT}/dist`;
/** The bundled program, as it lies inside each executable. */
export const BUNDLE_DIR = `${DIST_DIR}/bundle`;
/** Results of `deno compile`. */
export const COMPILED_DIR = `${DIST_DIR}/compiled`;
/** Compressed runtimes, kept between builds; named by their content. */
export const RUNTIME_CACHE_DIR = `${ROOT}/.tools/runtimes`;
/** The lock file that names each runtime package with its integrity. */
export const TOOLCHAIN_LOCK = `${ROOT}/scripts/toolchain/package-lock.json`;
