import type { PlatformError } from "@effect/platform/Error"
import { FileSystem } from "@effect/platform/FileSystem"
import { Path } from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { ConfigurationError } from "../../domain/error/RequestError.js"
import type { SessionEvent } from "../../domain/Events.js"
import type { SessionId } from "../../domain/Ids.js"
import { SessionExport } from "../../domain/Transfer.js"
import type { Hook } from "../../services/Hook.js"
import { HookBus } from "../../services/HookBus.js"
import { SessionStore } from "../../services/SessionStore.js"

export interface SessionBackupHookOptions {
  /** Where the files go, one a session: `<session id>.json`. It is made, for its owner's eyes only, unless it exists. */
  readonly directory: string
  /** Back up a session when it is archived. True unless told. */
  readonly onArchived?: boolean
  /** Back it up when it is created. False unless told. */
  readonly onCreated?: boolean
  /** Back it up after each so many messages. Not at all unless told. */
  readonly everyMessages?: number
  /** Remove the backup of a session that is deleted. False unless told: then what was deleted is still there. */
  readonly removeDeleted?: boolean
}

/**
 * A hook named `backup` that writes sessions to a folder as JSON, each a whole export that can be imported again. A file is put
 * in place of the one before once it is complete; it is for its owner's eyes only, and says what people said.
 *
 * Fails with `ConfigurationError` when `everyMessages` is not a positive whole number.
 */
export const make = Effect.fnUntraced(function*({
  directory,
  everyMessages,
  onArchived = true,
  onCreated = false,
  removeDeleted = false
}: SessionBackupHookOptions) {
  const files = yield* FileSystem
  const path = yield* Path
  const store = yield* SessionStore
  if (everyMessages !== undefined && !(Number.isSafeInteger(everyMessages) && everyMessages > 0)) {
    return yield* new ConfigurationError({ problems: ["everyMessages must be a positive whole number"] })
  }
  yield* files.makeDirectory(directory, { recursive: true, mode: 0o700 })

  const fileOf = (id: SessionId) => path.join(directory, `${id}.json`)

  const backUp = (id: SessionId) =>
    store.export(id).pipe(
      Effect.flatMap(encodeExport),
      Effect.flatMap((text) => {
        const draft = `${fileOf(id)}.draft`
        return Effect.zipRight(
          files.writeFileString(draft, text, { mode: 0o600 }),
          files.rename(draft, fileOf(id))
        )
      }),
      // It has been deleted since, and there is nothing to keep.
      Effect.catchTag("SessionNotFound", () => Effect.void)
    )

  const isDue = (event: SessionEvent): boolean => {
    switch (event._tag) {
      case "SessionCreated":
        return onCreated
      case "SessionArchived":
        return onArchived
      case "MessageSent":
      case "MessageReceived":
        return everyMessages !== undefined && event.message.seq % everyMessages === 0
      default:
        return false
    }
  }

  const hook: Hook = {
    name: "backup",
    timeout: "1 minute",
    filter: (event) => isDue(event) || (removeDeleted && event._tag === "SessionDeleted"),
    on: ({ _tag, sessionId }) =>
      _tag === "SessionDeleted" ? files.remove(fileOf(sessionId), { force: true }) : backUp(sessionId)
  }
  return hook
})

/**
 * Adds it to the bus. Fails when a hook named `backup` is there already, or when the directory cannot be made.
 */
export const layer = (
  options: SessionBackupHookOptions
): Layer.Layer<never, ConfigurationError | PlatformError, FileSystem | HookBus | Path | SessionStore> =>
  Layer.scopedDiscard(
    Effect.flatMap(Effect.all([HookBus, make(options)]), ([bus, hook]) => bus.add(hook))
  )

const encodeExport = Schema.encode(Schema.parseJson(SessionExport, { space: 2 }))
