import { FileSystem } from "@effect/platform"
import { Effect } from "effect"

export const root = new URL("../../", import.meta.url).pathname

/** The cells of each row of `docs/reference-map.md`. */
export const rows = Effect.map(
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(`${root}docs/reference-map.md`)),
  (text) =>
    text.split("\n").filter((line) => line.startsWith("|")).map((line) =>
      line.split("|").slice(1, -1).map((cell) => cell.trim())
    ).filter(([first = ""]) => first !== "reference" && !first.startsWith("---"))
)

/** The names in backticks. */
export const quoted = (cell: string): ReadonlyArray<string> =>
  [...cell.matchAll(/`(?<name>[^`]+)`/g)].map(([, name = ""]) => name)
