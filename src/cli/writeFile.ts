import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { randomBytes } from "node:crypto"

/**
 * A file that an export was to be written to, and was not.
 */
export class FileNotWritten
  extends Data.TaggedError("FileNotWritten")<{ readonly path: string; readonly reason: string }>
{
  override get message(): string {
    return `${this.path} cannot be written: ${this.reason}`
  }
}

/**
 * Writes a file that its owner alone may read. It appears whole, or not at all. Fails when there is something of that name,
 * a link too, unless `force` is to put the file in its place.
 */
export const writeFile = Effect.fnUntraced(function*<E, R>(
  path: string,
  texts: Stream.Stream<string, E, R>,
  { force }: { readonly force: boolean }
) {
  const fs = yield* FileSystem.FileSystem
  const refuse = (reason: string) => new FileNotWritten({ path, reason })
  const refused = <A, R>(effect: Effect.Effect<A, PlatformError, R>) =>
    Effect.mapError(effect, (error) => refuse(isTaken(error) ? taken : error.message))

  if (path.includes("\0")) return yield* refuse("its name holds a NUL character")
  if (!force && (yield* refused(fs.exists(path)))) return yield* refuse(taken)
  const draft = `${path}.${randomBytes(8).toString("hex")}.part`
  yield* Effect.gen(function*() {
    const file = yield* refused(fs.open(draft, { flag: "wx", mode: 0o600 }))
    yield* Stream.runForEach(Stream.encodeText(texts), (bytes) => refused(file.writeAll(bytes)))
    yield* refused(file.sync)
    // A link to a finished file appears at once, and fails where there is anything of its name.
    yield* refused(force ? fs.rename(draft, path) : fs.link(draft, path))
  }).pipe(Effect.scoped, Effect.ensuring(Effect.ignore(fs.remove(draft))))
})

const taken = "there is such a file; choose another name, or add --force"

const isTaken = (error: PlatformError) => error._tag === "SystemError" && error.reason === "AlreadyExists"
