import type * as Headers from "@effect/platform/Headers"
import type { FromClientEncoded, FromServerEncoded } from "@effect/rpc/RpcMessage"
import * as RpcServer from "@effect/rpc/RpcServer"
import * as Effect from "effect/Effect"
import * as Mailbox from "effect/Mailbox"
import type { ClientFrame } from "./ClientFrame.js"
import { confineResponse } from "./confineResponse.js"
import { makeCallGate } from "./makeCallGate.js"
import { type ReadFrame, readFrames } from "./readFrames.js"
import * as Refusal from "./Refusal.js"

/**
 * The far side of one connection, whatever carries it.
 */
export interface Peer {
  /** As the transport has seen them. They win over those that a frame brings along. */
  readonly headers: Headers.Headers
  /**
   * Never waits. `onRead` is for a far side that does not acknowledge by itself what it has read of a stream: run it once
   * the line is on its way, since the next one waits for that.
   */
  readonly send: (line: string, onRead: Effect.Effect<void>) => Effect.Effect<void>
  /** The server has nothing more to say on this connection. */
  readonly end: Effect.Effect<void>
}

/**
 * The near side of it.
 */
export interface Connection {
  /** Answers false once the far side has sent what cannot be read. It has been told so, and is not to be heard again. */
  readonly receive: (data: string | Uint8Array) => Effect.Effect<boolean>
  /** The far side has nothing more to ask: the connection ends with its last call. */
  readonly receiveEnd: Effect.Effect<void>
}

/**
 * The protocol of `@effect/rpc`, for frames that anyone may send. Whatever is wrong with a call is answered to that call, by
 * a typed error that repeats none of it. `tags` are the calls there are, `endless` those that end only with
 * their connection.
 *
 * It stands in place of the protocols of `RpcServer`, since these answer such frames with defects of the whole connection,
 * let a frame's headers win, buffer streams over HTTP without limit, and cannot close a socket with a reason.
 */
export const makeHardenedProtocol = Effect.fnUntraced(function*(
  tags: ReadonlyMap<string, unknown>,
  endless: ReadonlySet<string>
) {
  const gate = makeCallGate(tags, endless)
  const disconnects = yield* Mailbox.make<number>()
  const connections = new Map<number, OpenConnection>()
  let lastId = 0
  let write!: (id: number, frame: FromClientEncoded) => Effect.Effect<void>

  const protocol = yield* RpcServer.Protocol.make((writeFrame) => {
    // A server that is stopping interrupts whoever still writes to it.
    write = (id, frame) => Effect.catchAllCause(writeFrame(id, frame), () => Effect.void)
    return Effect.succeed({
      disconnects,
      send: Effect.fnUntraced(function*(id, response) {
        const connection = connections.get(id)
        if (connection === undefined) return
        const acknowledge = response._tag === "Chunk"
          ? write(id, { _tag: "Ack", requestId: response.requestId })
          : Effect.void
        yield* respond(connection.peer, yield* confineResponse(response), acknowledge)
        if (response._tag === "Exit") connection.calls.leave(response.requestId)
        yield* endIfDone(connection)
      }),
      end: () => Effect.void,
      clientIds: Effect.sync(() => new Set(connections.keys())),
      initialMessage: Effect.succeedNone,
      supportsAck: true,
      supportsTransferables: false,
      supportsSpanPropagation: true
    })
  })

  const connect = Effect.fnUntraced(function*(peer: Peer) {
    const id = ++lastId
    const trustedHeaders = Object.entries(peer.headers)
    const connection: OpenConnection = { peer, calls: gate.connection(), ended: false }
    yield* Effect.acquireRelease(
      Effect.sync(() => connections.set(id, connection)),
      () =>
        Effect.suspend(() => {
          connections.delete(id)
          connection.calls.leaveAll()
          return disconnects.offer(id)
        })
    )

    const accept = (frame: ClientFrame) => {
      if (frame._tag !== "Request") return write(id, frame)
      const refusal = connection.calls.enter(frame.id, frame.tag)
      if (refusal !== undefined) return respond(peer, Refusal.ofCall(frame.id, refusal))
      const { headers, payload } = frame
      const broughtHeaders = headers.map(([name, value]): [string, string] => [name, value])
      // Of two headers with one name the server takes the later.
      return write(id, { ...frame, payload, headers: [...broughtHeaders, ...trustedHeaders] })
    }

    return {
      receive: Effect.fnUntraced(function*(data: string | Uint8Array) {
        for (const read of readFrames(data)) {
          yield* read._tag === "Read" ? accept(read.frame) : respond(peer, refusalOf(read))
          if (read._tag === "Unreadable") return false
        }
        return true
      }),
      receiveEnd: Effect.suspend(() => {
        connection.ended = true
        return endIfDone(connection)
      })
    } satisfies Connection
  })

  return {
    protocol,
    connect,
    /** Lets no more calls start, and waits for those that run, but no longer than it is told. */
    drain: gate.drain,
    /** The server has nothing more to say to anyone. */
    end: Effect.suspend(() => Effect.forEach(connections.values(), ({ peer }) => peer.end, { discard: true }))
  } as const
})

interface OpenConnection {
  readonly peer: Peer
  readonly calls: ReturnType<ReturnType<typeof makeCallGate>["connection"]>
  ended: boolean
}

const respond = (peer: Peer, response: FromServerEncoded, onRead: Effect.Effect<void> = Effect.void) =>
  Effect.suspend(() => peer.send(`${JSON.stringify(response)}\n`, onRead))

const endIfDone = ({ calls, ended, peer }: OpenConnection) => ended && calls.running() === 0 ? peer.end : Effect.void

const refusalOf = (read: Exclude<ReadFrame, { readonly _tag: "Read" }>) =>
  read._tag === "Refused" && read.requestId !== undefined
    ? Refusal.ofCall(read.requestId, read.error)
    : Refusal.ofConnection(read.error)
