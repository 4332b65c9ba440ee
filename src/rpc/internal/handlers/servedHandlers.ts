import type * as Rpc from "@effect/rpc/Rpc"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Health, ServerStatus } from "../../../domain/Store.js"
import { SessionRpcs } from "../../SessionRpcs.js"

interface Served {
  /** Runs a read with a large answer when it is its connection's turn. */
  readonly largeRead: <A, E, R>(connection: number, read: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  readonly status: () => ServerStatus
}

/**
 * Changes the handlers that an effect runs calls with: reads with large answers take turns, and health includes the server.
 */
export const withServedHandlers = ({ largeRead, status }: Served) => <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.mapInputContext(self, (context: Context.Context<R>): Context.Context<R> =>
    Context.unsafeMake(
      new Map(Array.from(context.unsafeMap, ([key, service]) => {
        const tag = tagsByKey.get(key)
        if (tag === undefined || (tag !== "Health" && !SessionRpcs.large.has(tag))) return [key, service]
        const { handler, ...rest } = service as Rpc.Handler<string>
        const run: typeof handler = (payload, options) => {
          const result = handler(payload, options) as Effect.Effect<unknown>
          return tag === "Health"
            ? Effect.map(result, (health) => ({ ...(health as Health), server: status() }))
            : largeRead(options.clientId, result)
        }
        return [key, { ...rest, handler: run }]
      }))
    ))

const tagsByKey = new Map(Array.from(SessionRpcs.requests, ([tag, rpc]) => [rpc.key, tag]))
