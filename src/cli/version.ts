/**
 * The version of this package, as `--version` prints it. A test holds it against package.json.
 */
export const version = "0.1.0"
