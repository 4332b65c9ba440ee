import type * as Rpc from "@effect/rpc/Rpc"
import * as RpcGroup from "@effect/rpc/RpcGroup"
import * as RpcSchema from "@effect/rpc/RpcSchema"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { InvalidRequest } from "../../../domain/error/RequestError.js"
import { auditEffect, auditStream } from "./auditLog.js"
import { newCorrelationId } from "./sanitizedDefect.js"

/**
 * The group for the server to run: payloads are not decoded. `@effect/rpc` would answer an invalid payload with a defect that
 * repeats it, before the caller is authenticated.
 */
export const withUncheckedPayloads = <R extends Rpc.Any>(group: RpcGroup.RpcGroup<R>): RpcGroup.RpcGroup<R> =>
  RpcGroup.make(
    ...Array.from(
      group.requests.values(),
      (rpc) =>
        (rpc as unknown as Rpc.Rpc<string>).setPayload(Schema.Unknown as unknown as Schema.Struct<{}>) as unknown as R
    )
  )

/**
 * The handlers for that server: each decodes its payload with the group's schema, after authentication, and fails with
 * `InvalidRequest` when it does not fit. Each call gets a correlation id, and those of the audit log their line.
 */
export const layerCheckedHandlers = <R extends Rpc.Any>(
  group: RpcGroup.RpcGroup<R>
): Layer.Layer<Rpc.ToHandler<R>, never, Rpc.ToHandler<R>> =>
  Layer.effectContext(Effect.map(
    Effect.context<Rpc.ToHandler<R>>(),
    (context) =>
      Context.unsafeMake(
        new Map(Array.from(group.requests.values(), (rpc) => {
          const handler = context.unsafeMap.get(rpc.key) as Rpc.Handler<string>
          return [rpc.key, { ...handler, handler: checked(rpc as unknown as Rpc.AnyWithProps, handler.handler) }]
        }))
      )
  ))

const checked = (rpc: Rpc.AnyWithProps, handler: Rpc.Handler<string>["handler"]): Rpc.Handler<string>["handler"] => {
  const decode = Schema.decodeUnknown(rpc.payloadSchema as Schema.Schema<unknown>)

  /** Begins a call: its id, its payload, and what it returns. */
  const begin = (payload: unknown, options: Parameters<typeof handler>[1]) =>
    Effect.map(Effect.zipRight(newCorrelationId, Effect.either(decode(payload))), (read) => ({
      call: { tag: rpc._tag, headers: options.headers, payload: Either.getOrUndefined(read) },
      result: Either.match(read, {
        onLeft: (error) => InvalidRequest.fromParseError(error),
        onRight: (payload) => handler(payload, options)
      })
    }))

  return RpcSchema.isStreamSchema(rpc.successSchema)
    ? (payload, options) =>
      Stream.unwrap(
        Effect.map(
          begin(payload, options),
          ({ call, result }) => auditStream(call, result as Stream.Stream<unknown, InvalidRequest>)
        )
      )
    : (payload, options) =>
      Effect.flatMap(
        begin(payload, options),
        ({ call, result }) => auditEffect(call, result as Effect.Effect<unknown, InvalidRequest>)
      )
}
