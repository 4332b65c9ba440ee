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
import { layerFromConfig } from "../../services/internal/config.js"
import { SessionStore } from "../../services/SessionStore.js"
import { makeUserLookup } from "./internal/users.js"

// A sink may fail with any error; the bus treats them all alike.
// @effect-diagnostics anyUnknownInErrorContext:off

/**
 * One event. `sessionId` and `number` identify it: after a crash an entry may be written twice, with the same two values.
 */
export interface AuditEntry {
  /** ISO 8601, UTC. */
  readonly at: string
  readonly sessionId: SessionId
  readonly number: number
  /** Owner of the session; null when the session no longer exists. Events do not record who made the call. */
  readonly userId: string | null
  /** The event's `_tag`. */
  readonly action: string
  readonly turnId?: string
  readonly into?: string
  readonly messageId?: string
  readonly role?: string
  readonly provider?: string
  readonly model?: string
  /** The sequence number that a rewind went back to. */
  readonly to?: number
  readonly contextVersion?: number
  /** The error's `_tag`. */
  readonly error?: string
  /** Text of the message, only with `content`. */
  readonly text?: string
}

export type AuditSink = (entry: AuditEntry) => Effect.Effect<void, unknown>

export interface AuditLoggingHookOptions {
  readonly sink: AuditSink
  /** Also writes the text of messages. Default: false. */
  readonly content?: boolean
}

/**
 * A hook named `audit` that writes an entry to `sink` for each event: what happened to which session, and who owns it.
 */
export const make = (
  { content = false, sink }: AuditLoggingHookOptions
): Effect.Effect<Hook, never, SessionStore> =>
  Effect.map(SessionStore, (store) => {
    const findUser = makeUserLookup(store)
    return {
      name: "audit",
      on: (event) => Effect.flatMap(findUser(event), (userId) => sink(toEntry(event, userId, content)))
    }
  })

/**
 * Adds the hook to the bus. Fails with `ConfigurationError` when there is already a hook named `audit`.
 */
export const layer = (
  options: AuditLoggingHookOptions
): Layer.Layer<never, ConfigurationError, HookBus | SessionStore> =>
  Layer.scopedDiscard(
    Effect.flatMap(Effect.all([HookBus, make(options)]), ([bus, hook]) => bus.add(hook))
  )

/**
 * A sink that appends each entry to a file as one line of JSON; line breaks in an entry are escaped. The file is created with mode
 * 0600, and stays open until the scope closes. Fails with `PlatformError` when it cannot be opened.
 */
export const fileSink = (path: string): Effect.Effect<AuditSink, PlatformError, FileSystem | Scope> =>
  Effect.map(
    Effect.flatMap(FileSystem, (files) => files.open(path, { flag: "a", mode: 0o600 })),
    (file) => (entry) => file.writeAll(new TextEncoder().encode(`${JSON.stringify(entry)}\n`))
  )

/**
 * Adds the hook with a file as its sink. Fails as `layer` and `fileSink` do.
 */
export const layerFile = (
  { path, ...options }: Omit<AuditLoggingHookOptions, "sink"> & { readonly path: string }
): Layer.Layer<never, ConfigurationError | PlatformError, FileSystem | HookBus | SessionStore> =>
  Layer.unwrapScoped(Effect.map(fileSink(path), (sink) => layer({ ...options, sink })))

/**
 * `layerFile` with options read from `Config`.
 */
export const layerFileConfig = layerFromConfig(layerFile)

const toEntry = (event: SessionEvent, userId: string | null, content: boolean): AuditEntry => ({
  at: DateTime.formatIso(event.at),
  sessionId: event.sessionId,
  number: event.number,
  userId,
  action: event._tag,
  ...toDetails(event, content)
})

const toDetails = (event: SessionEvent, content: boolean): Partial<AuditEntry> => {
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
