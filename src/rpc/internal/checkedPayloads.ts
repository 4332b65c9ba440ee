import type * as Rpc from "@effect/rpc/Rpc"
import * as RpcGroup from "@effect/rpc/RpcGroup"
import * as RpcSchema from "@effect/rpc/RpcSchema"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { InvalidRequest } from "../../domain/error/RequestError.js"

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
 * `InvalidRequest` when it does not fit.
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
  const check = (payload: unknown) => Effect.mapError(decode(payload), (error) => InvalidRequest.fromParseError(error))
  return RpcSchema.isStreamSchema(rpc.successSchema)
    ? (payload, options) =>
      Stream.unwrap(
        Effect.map(check(payload), (read) => handler(read, options) as Stream.Stream<unknown, InvalidRequest>)
      )
    : (payload, options) =>
      Effect.flatMap(check(payload), (read) => handler(read, options) as Effect.Effect<unknown, InvalidRequest>)
}
