import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import type * as Scope from "effect/Scope"
import * as Struct from "effect/Struct"
import { InvalidRequest } from "../domain/error/RequestError.js"
import { decodeLine, maxLineBytes } from "../domain/SessionLines.js"
import { SessionManager } from "../services/SessionManager.js"
import { managerOperations, sessionOperations } from "../services/SessionOperations.js"
import { makeHandlers } from "./internal/handlers.js"
import { type ImportPart, SessionRpcs } from "./SessionRpcs.js"

/** Characters of all imports together that wait for their last piece. */
const maxHeld = 2 * maxLineBytes

/** How long an import waits for its next piece. */
const pieceTimeout = "1 minute"

export interface Uploads {
  /** Takes a piece. Answers the whole text with the last one, and `undefined` before. */
  readonly add: (part: ImportPart) => Effect.Effect<string | undefined, InvalidRequest>
}

interface Upload {
  readonly texts: Array<string>
  length: number
}

/**
 * Holds the pieces of imports until each is whole, within a bound, and no longer than somebody sends them.
 */
export const makeUploads: Effect.Effect<Uploads, never, Scope.Scope> = Effect.gen(function*() {
  const uploads = new Map<string, Upload>()
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
        return yield* refuse(["index"], "must follow that before, which came less than a minute ago; begin again")
      }
      if (upload.length + text.length > maxLineBytes) {
        drop(id)
        yield* FiberMap.remove(timers, id)
        return yield* refuse([], `is a session of more than ${maxLineBytes} characters`)
      }
      if (held + text.length > maxHeld) {
        return yield* refuse([], `exceeds the ${maxHeld} characters of imports at once; wait for some to end`)
      }
      held += text.length
      upload.length += text.length
      upload.texts.push(text)
      uploads.set(id, upload)
      if (!last) {
        yield* FiberMap.run(timers, id, Effect.delay(Effect.sync(() => drop(id)), pieceTimeout))
        return undefined
      }
      drop(id)
      yield* FiberMap.remove(timers, id)
      return upload.texts.join("")
    })
  }
})

const refuse = (path: ReadonlyArray<string>, reason: string) => new InvalidRequest({ path, reason })

/**
 * Handles the calls of `SessionRpcs` with the `SessionManager` that is provided.
 */
export const layer = SessionRpcs.toLayer(
  Effect.map(Effect.all([SessionManager, makeUploads]), ([sessions, uploads]) =>
    SessionRpcs.of({
      ...makeHandlers(ofManager, () => sessions),
      ...makeHandlers(ofSession, ({ sessionId }) => sessions.session(sessionId)),
      Create: (input) => Effect.map(sessions.create(input), ({ id }) => id),
      GetOrCreate: (input) => Effect.map(sessions.getOrCreate(input), ({ id }) => id),
      List: (query) => sessions.search(query),
      Fork: ({ fork, sessionId }) => Effect.map(sessions.session(sessionId).fork(fork), ({ id }) => id),
      ImportPart: (part) =>
        Effect.flatMap(uploads.add(part), (text) =>
          text === undefined
            ? Effect.succeed(null)
            : Effect.flatMap(decodeLine(text), (record) => sessions.importSession(record, part.options)))
    }))
)

// The others have handlers of their own: they return handles, or are named otherwise in the manager.
const ofManager = Struct.omit(managerOperations, "create", "getOrCreate", "list")
const ofSession = Struct.omit(sessionOperations, "fork")
