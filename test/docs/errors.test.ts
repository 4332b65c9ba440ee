import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { SessionError } from "../../src/domain/error/SessionError.js"

// The compiler keeps this complete.
const codes: { readonly [Tag in SessionError["_tag"]]: Extract<SessionError, { readonly _tag: Tag }>["code"] } = {
  ConfigurationError: "configuration",
  DeadlineExceeded: "deadline_exceeded",
  Disconnected: "disconnected",
  EmptyReply: "empty_reply",
  IdempotencyConflict: "idempotency_conflict",
  InternalError: "internal",
  InvalidRequest: "invalid_request",
  LimitExceeded: "limit_exceeded",
  MessageNotFound: "message_not_found",
  MiddlewareError: "middleware",
  NotSupported: "not_supported",
  OwnershipLost: "ownership_lost",
  ProviderAuth: "provider_auth",
  ProviderProtocol: "provider_protocol",
  ProviderQuota: "provider_quota",
  ProviderRejected: "provider_rejected",
  ProviderTransient: "provider_transient",
  SessionBusy: "session_busy",
  SessionNotFound: "session_not_found",
  SessionStateError: "session_state",
  SessionUnavailable: "session_unavailable",
  ServerBusy: "server_busy",
  ShuttingDown: "shutting_down",
  SlowConsumer: "slow_consumer",
  StoreError: "store",
  TurnInterrupted: "turn_interrupted",
  TurnNotFound: "turn_not_found",
  TurnStopped: "turn_stopped",
  Unauthorized: "unauthorized"
}

describe("docs/errors.md", () => {
  it.effect("lists every error with its code", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const text = yield* fs.readFileString(new URL("../../docs/errors.md", import.meta.url).pathname)
      const listed = Array.from(text.matchAll(/^\| `([A-Z]\w+)` +\| `(\w+)` +\|/gm), ([, tag, code]) => [tag, code])
      assert.deepStrictEqual(listed.toSorted(), Object.entries(codes).toSorted())
    }).pipe(Effect.provide(NodeContext.layer)))
})
