import type * as Headers from "@effect/platform/Headers"
import type { FromClientEncoded, FromServerEncoded, ResponseExitEncoded } from "@effect/rpc/RpcMessage"
import * as RpcServer from "@effect/rpc/RpcServer"
import * as Effect from "effect/Effect"
import * as Mailbox from "effect/Mailbox"
import * as Schema from "effect/Schema"
import { Disconnected, InternalError } from "../../domain/error/RequestError.js"
import { AccessError } from "../../domain/error/SessionError.js"
import { makeCallGate } from "./callGate.js"
import { type ClientFrame, type ReadFrame, readFrames } from "./frames.js"
import { SanitizedDefect } from "./sanitizedDefect.js"

/**
 * The client's side of one connection, over any transport.
 */
export interface Peer {
  /** Headers as the transport received them. They override headers in frames. */
  readonly headers: Headers.Headers
  /**
   * Sends a line without waiting. A transport whose clients do not acknowledge what they read of a stream runs `onRead` once the
   * line is sent; the stream's next line waits for that.
   */
  readonly send: (line: string, onRead: Effect.Effect<void>) => Effect.Effect<void>
  /** The server sends nothing more on this connection. */
  readonly end: Effect.Effect<void>
}

/**
 * The server's side of it.
 */
export interface Connection {
  /** Returns false when the data cannot be read. The client has been notified; ignore what it sends from then on. */
  readonly receive: (data: string | Uint8Array) => Effect.Effect<boolean>
  /** The client sends nothing more: the connection ends with its last call. */
  readonly receiveEnd: Effect.Effect<void>
}

/**
 * The protocol of `@effect/rpc`, for untrusted clients. A malformed call fails by itself, with a typed error that does not
 * repeat its content. `tags` are the known calls, `endless` those that end only with their connection.
 *
 * It replaces the protocols of `RpcServer`: these answer malformed frames with defects of the whole connection, let a frame's
 * headers override the connection's, buffer streams over HTTP without limit, and cannot close a socket with a reason.
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
    // A stopping server interrupts fibers that still write to it.
    write = (id, frame) => Effect.catchAllCause(writeFrame(id, frame), () => Effect.void)
    return Effect.succeed({
      disconnects,
      send: Effect.fnUntraced(function*(id, response) {
        const connection = connections.get(id)
        if (connection === undefined) return
        const acknowledge = response._tag === "Chunk"
          ? write(id, { _tag: "Ack", requestId: response.requestId })
          : Effect.void
        yield* respond(connection.peer, yield* sanitizeResponse(response), acknowledge)
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
      if (refusal !== undefined) return respond(peer, ofCall(frame.id, refusal))
      const { headers, payload } = frame
      const frameHeaders = headers.map(([name, value]): [string, string] => [name, value])
      // Of two headers with one name, the server uses the later one.
      return write(id, { ...frame, payload, headers: [...frameHeaders, ...trustedHeaders] })
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
    /** Refuses new calls and waits for running ones, up to a timeout. */
    drain: gate.drain,
    /** Ends all connections. */
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
    ? ofCall(read.requestId, read.error)
    : ofConnection(read.error)

/** Ends one call with a typed error. */
const ofCall = (requestId: string, error: AccessError): FromServerEncoded => ({
  _tag: "Exit",
  requestId,
  exit: { _tag: "Failure", cause: { _tag: "Fail", error: encode(error) } }
})

/** Responds to what belongs to no call. Any client of `@effect/rpc` reads it as an `Error`, by its name and message. */
const ofConnection = (error: AccessError | InternalError): FromServerEncoded => ({
  _tag: "Defect",
  defect: { ...encode(error), name: error._tag, message: error.message }
})

/**
 * What leaves the server in place of a response: defects without what was thrown, and interruptions as a typed error.
 */
const sanitizeResponse = (response: FromServerEncoded): Effect.Effect<FromServerEncoded> => {
  switch (response._tag) {
    case "Defect":
      return Schema.encode(SanitizedDefect)(response.defect).pipe(
        Effect.flatMap(Schema.decode(InternalError)),
        Effect.map(ofConnection),
        Effect.orDie
      )
    case "Exit":
      return Effect.succeed(
        response.exit._tag === "Failure" && isInterruption(response.exit.cause)
          // Not `ShuttingDown`, which guarantees that nothing was stored.
          ? ofCall(
            response.requestId,
            new Disconnected({ reason: "it stopped before the call ended", sent: true })
          )
          : response
      )
    default:
      return Effect.succeed(response)
  }
}

type Cause = Extract<ResponseExitEncoded["exit"], { readonly _tag: "Failure" }>["cause"]

const isInterruption = (cause: Cause): boolean =>
  cause._tag === "Interrupt" || cause._tag === "Empty" ||
  ((cause._tag === "Parallel" || cause._tag === "Sequential") && isInterruption(cause.left) &&
    isInterruption(cause.right))

const encode = Schema.encodeSync(Schema.Union(AccessError, InternalError))
