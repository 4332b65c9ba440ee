import { FileSystem } from "@effect/platform/FileSystem"
import { Path } from "@effect/platform/Path"
import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Order from "effect/Order"
import * as Schema from "effect/Schema"
import { StoreBackup } from "../../../../domain/StoreBackup.js"

const decode = Schema.decode(Schema.parseJson(StoreBackup))

const latestFirst = Order.mapInput(Order.reverse(DateTime.Order), ({ at }: StoreBackup) => at)

/** More than anybody looks at. */
const maxBackups = 1000

/**
 * The backups in a directory, the latest first. What is there beside them, or cannot be read, is left out.
 */
export const listBackups = (
  directory: string
): Effect.Effect<ReadonlyArray<StoreBackup>, never, FileSystem | Path> =>
  Effect.gen(function*() {
    const files = yield* FileSystem
    const { join } = yield* Path
    const entries = yield* Effect.orElseSucceed(files.readDirectory(directory), () => [])
    const there = new Set(entries)
    const names = entries.filter((entry) => entry.endsWith(".json")).map((entry) => entry.slice(0, -".json".length))
    const found = yield* Effect.forEach(
      Arr.take(names.filter((name) => there.has(`${name}.db`)), maxBackups),
      (name) => Effect.option(Effect.flatMap(files.readFileString(join(directory, `${name}.json`)), decode))
    )
    return Arr.sort(Arr.getSomes(found), latestFirst)
  })
