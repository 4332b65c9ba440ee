import type { PlatformError } from "@effect/platform/Error"
import * as Predicate from "effect/Predicate"

/**
 * Why a file or directory could not be used, in words that complete a sentence about it: `does not exist`.
 */
export const fileProblem = (error: PlatformError): string => {
  if (error._tag === "BadArgument") return "is not a valid path"
  const code = Predicate.hasProperty(error.cause, "code") ? String(error.cause.code) : error.reason
  return problems[code] ?? `cannot be used (${code})`
}

const problems: Readonly<Record<string, string>> = {
  EACCES: "may not be read or written by this user",
  EEXIST: "exists already",
  EISDIR: "is a directory",
  ELOOP: "is a chain of links without an end",
  EMFILE: "cannot be opened: too many files are open",
  ENAMETOOLONG: "has too long a name",
  ENOENT: "does not exist",
  ENOSPC: "cannot be written: the disk is full",
  ENOTDIR: "has a file in its path where a directory must be",
  EPERM: "may not be read or written by this user",
  EROFS: "cannot be written: its file system is read-only"
}
