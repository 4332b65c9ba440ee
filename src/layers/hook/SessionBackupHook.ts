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
import { layerFromConfig } from "../../services/internal/config.js"
import { SessionStore } from "../../services/SessionStore.js"

export interface SessionBackupHookOptions {
  /** Directory of the files `<session id>.json`. Created with mode 0700 if it does not exist. */
  readonly directory: string
  /** Back up a session when it is archived. Default: true. */
  readonly onArchived?: boolean
  /** Back up a session when it is created. Default: false. */
  readonly onCreated?: boolean
  /** Back up a session after every `everyMessages` messages. Default: never. */
  readonly everyMessages?: number
  /** Remove the backup when its session is deleted. Default: false, so that a deleted session stays in its backup. */
  readonly removeDeleted?: boolean
}

/**
 * A hook named `backup` that writes each session to a directory as JSON: a complete export that can be imported. A file replaces
 * the previous one atomically. It has mode 0600, and contains the conversation.
 *
 * Fails with `ConfigurationError` when `everyMessages` is not a positive integer, and with `PlatformError` when the directory
 * cannot be created.
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
    return yield* new ConfigurationError({
      problems: [`"everyMessages" must be a positive integer (got ${everyMessages})`]
    })
  }
  yield* files.makeDirectory(directory, { recursive: true, mode: 0o700 })

  const toFile = (id: SessionId) => path.join(directory, `${id}.json`)

  const backUp = (id: SessionId) =>
    store.export(id).pipe(
      Effect.flatMap(encodeExport),
      Effect.flatMap((text) => {
        const draft = `${toFile(id)}.draft`
        return Effect.zipRight(
          files.writeFileString(draft, text, { mode: 0o600 }),
          files.rename(draft, toFile(id))
        )
      }),
      // The session was deleted meanwhile.
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
      _tag === "SessionDeleted" ? files.remove(toFile(sessionId), { force: true }) : backUp(sessionId)
  }
  return hook
})

/**
 * Adds the hook to the bus. Fails as `make` does, and with `ConfigurationError` when there is already a hook named `backup`.
 */
export const layer = (
  options: SessionBackupHookOptions
): Layer.Layer<never, ConfigurationError | PlatformError, FileSystem | HookBus | Path | SessionStore> =>
  Layer.scopedDiscard(
    Effect.flatMap(Effect.all([HookBus, make(options)]), ([bus, hook]) => bus.add(hook))
  )

/**
 * `layer` with options read from `Config`.
 */
export const layerConfig = layerFromConfig(layer)

const encodeExport = Schema.encode(Schema.parseJson(SessionExport, { space: 2 }))
