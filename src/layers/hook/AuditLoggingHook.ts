import type { PlatformError } from "@effect/platform/Error"
import { FileSystem } from "@effect/platform/FileSystem"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Scope } from "effect/Scope"
import type { ConfigurationError } from "../../domain/error/RequestError.js"
import type { SessionEvent } from "../../domain/Events.js"
import type { SessionId } from "../../domain/Ids.js"
import type { Hook } from "../../services/Hook.js"
import { HookBus } from "../../services/HookBus.js"
import { SessionStore } from "../../services/SessionStore.js"
import { makeUserLookup } from "./internal/users.js"

// What a sink fails with is its own: the bus takes anything for a failure.
// @effect-diagnostics anyUnknownInErrorContext:off

/**
 * One thing that happened. `sessionId` and `number` name the event: an entry that comes twice, after a crash, is the same one.
 */
export interface AuditEntry {
  /** ISO 8601, UTC. */
  readonly at: string
  readonly sessionId: SessionId
  readonly number: number
  /** Whose session it is; null when that is not known any more. Who called is not in events today. */
  readonly userId: string | null
  /** The event's `_tag`. */
  readonly action: string
  readonly turnId?: string
  readonly into?: string
  readonly messageId?: string
  readonly role?: string
  readonly provider?: string
  readonly model?: string
  /** Up to where the history was taken back. */
  readonly to?: number
  readonly contextVersion?: number
  /** The error's `_tag`. */
  readonly error?: string
  /** What was said, only when asked for. */
  readonly text?: string
}

export type AuditSink = (entry: AuditEntry) => Effect.Effect<void, unknown>

export interface AuditLoggingHookOptions {
  readonly sink: AuditSink
  /** Whether the texts of messages are written too. False unless told. */
  readonly content?: boolean
}

/**
 * A hook named `audit` that gives its sink an entry for each event: what was done to which session, and whose that is.
 */
export const make = (
  { content = false, sink }: AuditLoggingHookOptions
): Effect.Effect<Hook, never, SessionStore> =>
  Effect.map(SessionStore, (store) => {
    const userOf = makeUserLookup(store)
    return {
      name: "audit",
      on: (event) =>
        Effect.flatMap(userOf(event), (userId) => sink({ ...placeOf(event, userId), ...detailsOf(event, content) }))
    }
  })

/**
 * Adds it to the bus. Fails when a hook named `audit` is there already.
 */
export const layer = (
  options: AuditLoggingHookOptions
): Layer.Layer<never, ConfigurationError, HookBus | SessionStore> =>
  Layer.scopedDiscard(
    Effect.flatMap(Effect.all([HookBus, make(options)]), ([bus, hook]) => bus.add(hook))
  )

/**
 * A sink that appends each entry to a file, as a line of JSON: nothing in an entry can begin another line. The file is made
 * for its owner's eyes only, and open until the scope closes.
 */
export const fileSink = (path: string): Effect.Effect<AuditSink, PlatformError, FileSystem | Scope> =>
  Effect.map(
    Effect.flatMap(FileSystem, (files) => files.open(path, { flag: "a", mode: 0o600 })),
    (file) => (entry) => file.writeAll(new TextEncoder().encode(`${JSON.stringify(entry)}\n`))
  )

/**
 * Adds the hook, with a file as its sink.
 */
export const layerFile = (
  { path, ...options }: Omit<AuditLoggingHookOptions, "sink"> & { readonly path: string }
): Layer.Layer<never, ConfigurationError | PlatformError, FileSystem | HookBus | SessionStore> =>
  Layer.unwrapScoped(Effect.map(fileSink(path), (sink) => layer({ ...options, sink })))

const placeOf = ({ _tag, at, number, sessionId }: SessionEvent, userId: string | null): AuditEntry => ({
  at: DateTime.formatIso(at),
  sessionId,
  number,
  userId,
  action: _tag
})

const detailsOf = (event: SessionEvent, content: boolean): Partial<AuditEntry> => {
  switch (event._tag) {
    case "SessionCreated":
      return { provider: event.session.provider, model: event.session.model }
    case "SessionConfigured":
      return { provider: event.provider, model: event.model }
    case "SessionDeleted":
      return { provider: event.provider }
    case "MessageSent":
    case "MessageReceived": {
      const { id, role, text, turnId } = event.message
      return { messageId: id, role, ...(turnId !== undefined && { turnId }), ...(content && { text }) }
    }
    case "MessagesRewound":
      return { to: event.to }
    case "ContextUpdated":
      return { contextVersion: event.context.version }
    case "TurnFailed":
      return { turnId: event.turnId, error: event.error._tag }
    case "TurnJoined":
      return { turnId: event.turnId, into: event.into }
    case "TurnAccepted":
    case "TurnEdited":
    case "TurnStarted":
    case "TurnCompleted":
    case "TurnStopped":
    case "TurnNoticed":
      return { turnId: event.turnId }
    default:
      return {}
  }
}
