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

// What an action fails with is its own: the bus takes anything for a failure.
// @effect-diagnostics anyUnknownInErrorContext:off

export type SessionEnd = "archived" | "deleted" | "errored"

/**
 * What is let go of with a session: a temporary folder, a cache, a workspace elsewhere. It may be asked for again, after a
 * crash or a failure, and then has nothing left to do.
 */
export type ReleaseAction = (ended: {
  readonly sessionId: SessionId
  readonly end: SessionEnd
}) => Effect.Effect<void, unknown>

export interface CleanupHookOptions {
  /** By name, each unique. All are run, in this order; one that fails keeps none of the others from it. */
  readonly actions: Readonly<Record<string, ReleaseAction>>
  /** At which ends of a session. Only when it is deleted, unless told: an archived one may be reactivated. */
  readonly after?: ReadonlyArray<SessionEnd>
}

/**
 * A hook named `cleanup` that releases what an application holds for a session once that has ended. What the runtime itself
 * holds needs none of this. An action that fails is tried again with the hook's retries, without those that succeeded.
 */
export const make = ({ actions, after = ["deleted"] }: CleanupHookOptions): Hook => {
  const resume = makeResumable(Object.keys(actions))
  return {
    name: "cleanup",
    filter: (event) => {
      const end = endOf(event)
      return end !== undefined && after.includes(end)
    },
    on: (event) => {
      const { sessionId } = event
      const end = endOf(event)
      return end === undefined
        ? Effect.void
        : resume(event, (name) => actions[name]?.({ sessionId, end }) ?? Effect.void)
    }
  }
}

/**
 * Adds it to the bus. Fails when a hook named `cleanup` is there already.
 */
export const layer = (options: CleanupHookOptions): Layer.Layer<never, ConfigurationError, HookBus> =>
  Layer.scopedDiscard(Effect.flatMap(HookBus, (bus) => bus.add(make(options))))

/**
 * An action that removes the folder which an application keeps for a session: `<directory>/<session id>`, and all in it. An id
 * cannot lead out of the directory.
 */
export const removeFolder = (directory: string): Effect.Effect<ReleaseAction, never, FileSystem | Path> =>
  Effect.map(
    Effect.all([FileSystem, Path]),
    ([files, path]) => ({ sessionId }) =>
      files.remove(path.join(directory, sessionId), { recursive: true, force: true })
  )

const endOf = ({ _tag }: SessionEvent): SessionEnd | undefined => {
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
