import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import {
  EmptyReply,
  ProviderAuth,
  ProviderProtocol,
  ProviderQuota,
  ProviderRejected,
  ProviderTransient
} from "../../src/domain/error/ProviderError.js"
import {
  ConfigurationError,
  Disconnected,
  InternalError,
  InvalidRequest,
  ServerBusy,
  ShuttingDown,
  Unauthorized
} from "../../src/domain/error/RequestError.js"
import {
  IdempotencyConflict,
  LimitExceeded,
  MessageNotFound,
  SessionBusy,
  SessionError,
  SessionNotFound,
  SessionStateError,
  SessionUnavailable,
  SlowConsumer,
  TurnNotFound
} from "../../src/domain/error/SessionError.js"
import { NotSupported, OwnershipLost, StoreError } from "../../src/domain/error/StoreError.js"
import { DeadlineExceeded, MiddlewareError, TurnInterrupted, TurnStopped } from "../../src/domain/error/TurnError.js"
import { Epoch, SessionId, TurnId } from "../../src/domain/Ids.js"

const sessionId = SessionId.make("session-1")
const turnId = TurnId.make("turn-1")
const provider = { provider: "openai", reason: "because" }

// Clients match on the codes, so they never change.
const errors: ReadonlyArray<[code: string, error: SessionError, says: ReadonlyArray<string>]> = [
  ["configuration", new ConfigurationError({ problems: ["one", "two"] }), ["one; two"]],
  ["deadline_exceeded", new DeadlineExceeded({ turnId }), ["turn-1", "longer timeout"]],
  ["disconnected", new Disconnected({ reason: "refused", sent: false }), ["refused"]],
  ["empty_reply", new EmptyReply({ provider: "openai" }), ["openai"]],
  ["idempotency_conflict", new IdempotencyConflict({ sessionId, turnId }), ["turn-1", "another key"]],
  ["internal", new InternalError({ correlationId: "c-1" }), ["c-1"]],
  ["invalid_request", new InvalidRequest({ path: ["config", "name"], reason: "is wrong" }), [
    "\"config.name\" is wrong"
  ]],
  ["limit_exceeded", new LimitExceeded({ sessionId, limit: "maxMessages", max: 4, actual: 6 }), [
    "session-1",
    "maxMessages 4",
    "6"
  ]],
  ["message_not_found", new MessageNotFound({ sessionId, messageId: "m-1" }), ["session-1", "m-1"]],
  ["turn_not_found", new TurnNotFound({ sessionId, turnId }), ["session-1", "turn-1"]],
  ["middleware", new MiddlewareError({ middleware: "filter", stage: "admission", reason: "no" }), ["filter", "no"]],
  ["not_supported", new NotSupported({ capability: "search" }), ["search", "SqliteSessionStore"]],
  ["ownership_lost", new OwnershipLost({ sessionId, epoch: Epoch.make(3) }), ["session-1", "3"]],
  ["provider_auth", new ProviderAuth(provider), ["openai", "because"]],
  ["provider_protocol", new ProviderProtocol(provider), ["openai", "because"]],
  ["provider_quota", new ProviderQuota(provider), ["openai", "because"]],
  ["provider_rejected", new ProviderRejected(provider), ["openai", "because"]],
  ["provider_transient", new ProviderTransient(provider), ["openai", "because"]],
  ["session_busy", new SessionBusy({ sessionId, retryAfterMs: 250 }), ["session-1", "250 ms"]],
  ["session_not_found", new SessionNotFound({ sessionId }), ["session-1"]],
  ["session_state", new SessionStateError({ sessionId, status: "archived", operation: "send" }), ["archived", "send"]],
  ["session_unavailable", new SessionUnavailable({ sessionId, reason: "failed" }), ["session-1", "failed"]],
  ["server_busy", new ServerBusy({ reason: "it has no room", retryAfterMs: 40 }), ["no room", "40 ms"]],
  ["shutting_down", new ShuttingDown(), ["shutting down"]],
  ["slow_consumer", new SlowConsumer({ sessionId }), ["session-1"]],
  ["turn_interrupted", new TurnInterrupted({ turnId }), ["turn-1"]],
  ["turn_stopped", new TurnStopped({ turnId }), ["turn-1"]],
  ["unauthorized", new Unauthorized(), ["token"]]
]

const storeErrors = ([
  "Busy",
  "Corrupt",
  "Foreign",
  "Full",
  "Io",
  "LockDamaged",
  "Locked",
  "ReadOnly",
  "TooNew",
  "Unavailable",
  "Unknown"
] as const).map(
  (reason): (typeof errors)[number] => ["store", new StoreError({ reason, detail: "SQLITE" }), ["SQLITE"]]
)

describe("SessionError", () => {
  it("has every error in this table", () => {
    const tags = new Set([...errors, ...storeErrors].map(([, { _tag }]) => _tag))
    assert.sameMembers([...tags], tagsOf(SessionError))
  })

  it.each([...errors, ...storeErrors])("%s: has its code and a complete message", (code, error, fragments) => {
    assert.strictEqual(error.code, code)
    assert.instanceOf(error, Error)
    for (const fragment of fragments) assert.include(error.message, fragment)
    assert.notInclude(error.message, "undefined")
    assert.notInclude(error.message, "[object")
  })

  it.each([...errors, ...storeErrors])("%s: survives a round trip through JSON", (_, error) => {
    const wire: unknown = JSON.parse(JSON.stringify(Schema.encodeSync(SessionError)(error)))
    const arrived = Schema.decodeUnknownSync(SessionError)(wire)
    assert.strictEqual(arrived._tag, error._tag)
    assert.strictEqual(arrived.message, error.message)
    assert.strictEqual(arrived.constructor, error.constructor)
    assert.deepStrictEqual(Schema.encodeSync(SessionError)(arrived), Schema.encodeSync(SessionError)(error))
  })

  it("has a code of its own for each class", () => {
    assert.strictEqual(new Set(errors.map(([code]) => code)).size, errors.length)
  })

  it("carries a session id and a context", () => {
    const error = new ProviderAuth({ ...provider, sessionId, context: { status: 401 } })
    const arrived = Schema.decodeUnknownSync(SessionError)(Schema.encodeSync(SessionError)(error))
    assert.deepInclude(arrived, { sessionId, context: { status: 401 } })
  })

  it("has different advice for each reason of a StoreError", () => {
    assert.strictEqual(new Set(storeErrors.map(([, { message }]) => message)).size, storeErrors.length)
  })
})

const tagsOf = (schema: Schema.Schema.All): Array<string> => {
  if ("members" in schema && Array.isArray(schema.members)) return schema.members.flatMap(tagsOf)
  return "_tag" in schema && typeof schema._tag === "string" ? [schema._tag] : []
}
