import { FileSystem } from "@effect/platform/FileSystem"
import { Path } from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ConfigurationError } from "../../domain/error/RequestError.js"
import type { SessionEvent } from "../../domain/Events.js"
import type { SessionId } from "../../domain/Ids.js"
import type { Hook } from "../../services/Hook.js"
import { HookBus } from "../../services/HookBus.js"
import { makeResumable } from "./internal/resumable.js"

// An action may fail with any error; the bus treats them all alike.
// @effect-diagnostics anyUnknownInErrorContext:off

/**
 * How a session ended.
 */
export type SessionEnd = "archived" | "deleted" | "errored"

/**
 * Releases what an application holds for a session: a temporary folder, a cache, a remote workspace. Must be idempotent, because
 * it may run again after a crash or a failure.
 */
export type ReleaseAction = (ended: {
  readonly sessionId: SessionId
  readonly end: SessionEnd
}) => Effect.Effect<void, unknown>

export interface CleanupHookOptions {
  /** Actions by name. All run in this order, even if one fails. */
  readonly actions: Readonly<Record<string, ReleaseAction>>
  /** When to run them. Default: `["deleted"]`, because an archived session may be reactivated. */
  readonly after?: ReadonlyArray<SessionEnd>
}

/**
 * A hook named `cleanup` that releases what an application holds for a session when that ends. The runtime releases its own
 * resources without it. The hook's retries run only the actions that failed.
 */
export const make = ({ actions, after = ["deleted"] }: CleanupHookOptions): Hook => {
  const resume = makeResumable(Object.keys(actions))
  return {
    name: "cleanup",
    filter: (event) => {
      const end = toSessionEnd(event)
      return end !== undefined && after.includes(end)
    },
    on: (event) => {
      const { sessionId } = event
      const end = toSessionEnd(event)
      return end === undefined
        ? Effect.void
        : resume(event, (name) => actions[name]?.({ sessionId, end }) ?? Effect.void)
    }
  }
}

/**
 * Adds the hook to the bus. Fails with `ConfigurationError` when there is already a hook named `cleanup`.
 */
export const layer = (options: CleanupHookOptions): Layer.Layer<never, ConfigurationError, HookBus> =>
  Layer.scopedDiscard(Effect.flatMap(HookBus, (bus) => bus.add(make(options))))

/**
 * An action that removes the folder `<directory>/<session id>` and everything in it. Session ids contain no path separators, so it
 * removes nothing outside the directory.
 */
export const removeFolder = (directory: string): Effect.Effect<ReleaseAction, never, FileSystem | Path> =>
  Effect.map(
    Effect.all([FileSystem, Path]),
    ([files, path]) => ({ sessionId }) =>
      files.remove(path.join(directory, sessionId), { recursive: true, force: true })
  )

const toSessionEnd = ({ _tag }: SessionEvent): SessionEnd | undefined => {
  switch (_tag) {
    case "SessionArchived":
      return "archived"
    case "SessionDeleted":
      return "deleted"
    case "SessionErrored":
      return "errored"
    default:
      return undefined
  }
}
