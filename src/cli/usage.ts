import * as Data from "effect/Data"

/**
 * The command line is wrong: an unknown command or option, a missing argument, a value that cannot be read. Exit code 2.
 */
export class UsageError extends Data.TaggedError("UsageError")<{ readonly problem: string; readonly hint: string }> {
  override get message(): string {
    return this.hint === "" ? this.problem : `${this.problem}; ${this.hint}`
  }
}

/**
 * Names the word that was probably meant: `did you mean "list"?`, or nothing when no word comes close.
 */
export const suggest = (word: string, candidates: ReadonlyArray<string>): string => {
  const close = candidates
    .map((candidate) => ({ candidate, edits: isAbbreviation(word, candidate) ? 0 : editDistance(word, candidate) }))
    .filter(({ candidate, edits }) => edits <= Math.max(1, Math.floor(candidate.length / 3)))
    .toSorted((one, other) => one.edits - other.edits)
  return close[0] === undefined ? "" : `did you mean "${close[0].candidate}"?`
}

const isAbbreviation = (word: string, candidate: string) =>
  word.replace(/^-+/, "").length >= 3 && (candidate.startsWith(word) || word.startsWith(`${candidate}s`))

/** Insertions, deletions and replacements that turn one word into the other. */
const editDistance = (one: string, other: string): number => {
  let row = Array.from({ length: other.length + 1 }, (_, column) => column)
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1]
    for (const [column, otherLetter] of [...other].entries()) {
      const replaced = (row[column] ?? 0) + (letter === otherLetter ? 0 : 1)
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row[other.length] ?? 0
}
