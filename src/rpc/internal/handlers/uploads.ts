import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import type * as Scope from "effect/Scope"
import { InvalidRequest } from "../../../domain/error/RequestError.js"
import { maxLineBytes } from "../../../domain/SessionLines.js"
import type { ImportPart } from "../../SessionRpcs.js"

interface Uploads {
  /** Adds a part. Returns the complete text with the last part, and `undefined` before. */
  readonly add: (part: ImportPart) => Effect.Effect<string | undefined, InvalidRequest>
}

/**
 * Collects the parts of imports until each is complete, up to a total size. An import whose next part does not arrive in time
 * is dropped.
 */
export const makeUploads: Effect.Effect<Uploads, never, Scope.Scope> = Effect.gen(function*() {
  const uploads = new Map<string, { readonly texts: Array<string>; length: number }>()
  const timers = yield* FiberMap.make<string>()
  let held = 0

  const drop = (id: string) => {
    held -= uploads.get(id)?.length ?? 0
    uploads.delete(id)
  }

  return {
    add: Effect.fnUntraced(function*({ index, last, text, upload: id }: ImportPart) {
      const upload = uploads.get(id) ?? { texts: [], length: 0 }
      if (index !== upload.texts.length) {
        return yield* refuse(
          ["index"],
          "must be the number of the next part, less than a minute after the previous one; start the import again"
        )
      }
      if (upload.length + text.length > maxLineBytes) {
        drop(id)
        yield* FiberMap.remove(timers, id)
        return yield* refuse([], `is a session of more than ${maxLineBytes} characters, which cannot be imported`)
      }
      if (held + text.length > maxHeldCharacters) {
        return yield* refuse(
          [],
          `exceeds the ${maxHeldCharacters} characters that imports may hold at once; retry when another has ended`
        )
      }
      held += text.length
      upload.length += text.length
      upload.texts.push(text)
      uploads.set(id, upload)
      if (!last) {
        yield* FiberMap.run(timers, id, Effect.delay(Effect.sync(() => drop(id)), partTimeout))
        return undefined
      }
      drop(id)
      yield* FiberMap.remove(timers, id)
      return upload.texts.join("")
    })
  }
})

const refuse = (path: ReadonlyArray<string>, reason: string) => new InvalidRequest({ path, reason })

/** Characters that all incomplete imports may hold together. */
const maxHeldCharacters = 2 * maxLineBytes

/** How long an import waits for its next part. */
const partTimeout = "1 minute"
