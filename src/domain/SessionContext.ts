import type * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { InvalidRequest } from "./error/RequestError.js"
import { SessionId } from "./Ids.js"
import { isRecord, JsonRecord, type JsonValue, mergePatch, reservedKeys } from "./Json.js"

const scope = Schema.optionalWith(JsonRecord, { exact: true })

/**
 * A change of a session's context: a JSON Merge Patch (RFC 7396) for each scope. Objects are merged, `null` removes a key, and any
 * other value replaces it.
 */
export const ContextPatch = Schema.Struct({ user: scope, conversation: scope, provider: scope, system: scope })
export interface ContextPatch extends Schema.Schema.Type<typeof ContextPatch> {}

/**
 * Who a piece of context belongs to: the user, the conversation, the provider, or the surrounding system.
 */
export const ContextScope = Schema.Literal("user", "conversation", "provider", "system")
export type ContextScope = typeof ContextScope.Type

const segment = /^[A-Za-z0-9_-]{1,64}$/
const maxSegments = 16

/**
 * Splits a path such as `user.profile.level` into 1 to 16 segments, each of up to 64 letters, digits, `-` or `_`. Fails with
 * `InvalidRequest`, also for the names of an object's prototype.
 */
export const parseDotPath = (path: string): Either.Either<ReadonlyArray<string>, InvalidRequest> => {
  // The limit of `split` bounds the work for a very long path.
  const segments = path.split(".", maxSegments + 1)
  if (segments.length > maxSegments) return refuseDotPath(`has more than ${maxSegments} segments`)
  if (!segments.every((name) => segment.test(name))) {
    return refuseDotPath("must be names of 1 to 64 letters, digits, '-' or '_', joined by dots")
  }
  return segments.some((name) => reservedKeys.has(name))
    ? refuseDotPath("must not name __proto__, constructor or prototype")
    : Either.right(segments)
}

const refuseDotPath = (reason: string) => Either.left(new InvalidRequest({ path: ["path"], reason }))

/**
 * Data of a session besides its messages, in four scopes. Each change creates a new version.
 */
export const SessionContext = Schema.Struct({
  sessionId: SessionId,
  user: JsonRecord,
  conversation: JsonRecord,
  provider: JsonRecord,
  system: JsonRecord,
  version: Schema.Positive.pipe(Schema.int()),
  updatedAt: Schema.DateTimeUtc
})
export interface SessionContext extends Schema.Schema.Type<typeof SessionContext> {}

/**
 * The first version of a context, with the given values or empty.
 */
export const makeSessionContext = (sessionId: SessionId, now: DateTime.Utc, patch: ContextPatch = {}): SessionContext =>
  apply({ sessionId, user: {}, conversation: {}, provider: {}, system: {}, version: 0, updatedAt: now }, patch, now)

/**
 * Reads the value at a path such as `user.profile.level`. `None` when there is no value. Fails with `InvalidRequest` when the path
 * is malformed.
 */
export const getContextValue = (
  context: SessionContext,
  path: string
): Either.Either<Option.Option<JsonValue>, InvalidRequest> =>
  Either.map(parseContextPath(path), ({ keys, scope }) => {
    let value: JsonValue | undefined = context[scope]
    for (const key of keys) value = ownValue(value, key)
    return Option.fromNullable(value)
  })

/**
 * Replaces the value at a path such as `user.profile.level`; `updateContext` merges instead. Creates missing objects along the path
 * and replaces other values there. `null` removes the key. Fails with `InvalidRequest` when the path is malformed, or the scope
 * would exceed the limits of `JsonRecord`.
 */
export const setContextValue = (
  context: SessionContext,
  path: string,
  value: JsonValue,
  now: DateTime.Utc
): Either.Either<SessionContext, InvalidRequest> =>
  Either.flatMap(parseContextPath(path), ({ keys, scope }) => {
    if (keys.length === 0) return refuse("must name a key inside a scope")
    const changed = put(context[scope], keys, value)
    return isJsonRecord(changed)
      ? Either.right({ ...context, [scope]: changed, version: context.version + 1, updatedAt: now })
      : refuse("leads to a value that is not JSON, or makes the scope too large")
  })

/**
 * Applies a patch. Fails with `InvalidRequest` when a scope would exceed the limits of `JsonRecord`.
 */
export const updateContext = (
  context: SessionContext,
  patch: ContextPatch,
  now: DateTime.Utc
): Either.Either<SessionContext, InvalidRequest> => {
  const changed = apply(context, patch, now)
  const tooLarge = ContextScope.literals.find((scope) => patch[scope] !== undefined && !isJsonRecord(changed[scope]))
  return tooLarge === undefined
    ? Either.right(changed)
    : Either.left(new InvalidRequest({ path: [tooLarge], reason: "would grow too large or too deep" }))
}

/**
 * Merges another session's context into this one, whose values it overrides. Fails like `updateContext`.
 */
export const mergeContexts = (
  context: SessionContext,
  other: SessionContext,
  now: DateTime.Utc
): Either.Either<SessionContext, InvalidRequest> => updateContext(context, other, now)

const apply = (context: SessionContext, patch: ContextPatch, now: DateTime.Utc): SessionContext => ({
  sessionId: context.sessionId,
  user: mergePatch(context.user, patch.user ?? {}),
  conversation: mergePatch(context.conversation, patch.conversation ?? {}),
  provider: mergePatch(context.provider, patch.provider ?? {}),
  system: mergePatch(context.system, patch.system ?? {}),
  version: context.version + 1,
  updatedAt: now
})

const parseContextPath = (path: string) =>
  Either.flatMap(parseDotPath(path), ([scope, ...keys]) =>
    Schema.is(ContextScope)(scope)
      ? Either.right({ scope, keys })
      : refuse(`must begin with one of ${ContextScope.literals.join(", ")}`))

const isJsonRecord = Schema.is(JsonRecord)

const put = (target: JsonValue | undefined, [key, ...rest]: ReadonlyArray<string>, value: JsonValue): JsonValue => {
  if (key === undefined) return value
  const record = isRecord(target) ? target : {}
  const { [key]: _, ...others } = record
  return rest.length === 0 && value === null ? others : { ...record, [key]: put(ownValue(record, key), rest, value) }
}

const ownValue = (value: JsonValue | undefined, key: string): JsonValue | undefined =>
  isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined

const refuse = (reason: string) => Either.left(new InvalidRequest({ path: ["path"], reason }))
