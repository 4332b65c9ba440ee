import { Data, Effect } from "effect"
import { type Frame, parseFrames, request } from "../../rpc/wire.js"
import { openWebSocket } from "./webSocket.js"

/** A call failed, or its connection was closed. */
export class CallFailed extends Data.TaggedError("CallFailed")<{ readonly reason: string }> {}

/** A client that makes any number of calls over one WebSocket, and does nothing to keep it. */
export const makeCaller = Effect.fnUntraced(function*(url: string) {
  const waiting = new Map<string, (exit: Frame["exit"]) => void>()
  let lastId = 0
  const socket = yield* openWebSocket(url, {
    onMessage: (text) => {
      for (const { exit, requestId = "" } of parseFrames(text)) {
        if (exit !== undefined) waiting.get(requestId)?.(exit)
        waiting.delete(requestId)
      }
    }
  })
  const lost = Effect.flatMap(
    socket.closed,
    (code) => new CallFailed({ reason: `the connection was closed with ${code}` })
  )

  return {
    /** Returns the encoded result. */
    call: (tag: string, payload?: object): Effect.Effect<unknown, CallFailed> =>
      Effect.suspend(() => {
        const id = `${++lastId}`
        const answer = Effect.async<unknown, CallFailed>((resume) => {
          waiting.set(id, (exit) =>
            resume(
              exit?._tag === "Success"
                ? Effect.succeed(exit.value)
                : new CallFailed({ reason: JSON.stringify(exit) })
            ))
        })
        return socket.send(request(id, tag, payload)).pipe(Effect.zipRight(answer), Effect.raceFirst(lost))
      })
  }
})
