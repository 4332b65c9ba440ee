import type * as Headers from "@effect/platform/Headers"
import type { FromClientEncoded, FromServerEncoded, ResponseExitEncoded } from "@effect/rpc/RpcMessage"
import * as RpcServer from "@effect/rpc/RpcServer"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Mailbox from "effect/Mailbox"
import * as Schema from "effect/Schema"
import { Disconnected, InternalError, InvalidRequest, ShuttingDown } from "../../domain/error/RequestError.js"
import { AccessError } from "../../domain/error/SessionError.js"
import { type ClientFrame, type ReadFrame, readFrames } from "./frames.js"
import { SanitizedDefect } from "./sanitizedDefect.js"

const encode = Schema.encodeSync(Schema.Union(AccessError, InternalError))

/**
 * Ends one call with a typed error.
 */
export const ofCall = (requestId: string, error: AccessError): FromServerEncoded => ({
  _tag: "Exit",
  requestId,
  exit: { _tag: "Failure", cause: { _tag: "Fail", error: encode(error) } }
})

/**
 * Answers what belongs to no call. With a name and a message any client of `@effect/rpc` can read it as an `Error`.
 */
export const ofConnection = (error: AccessError | InternalError): FromServerEncoded => ({
  _tag: "Defect",
  defect: { ...encode(error), name: error._tag, message: error.message }
})

/**
 * What may leave the server in place of a response: defects without what was thrown, and interruptions as an error that says
 * what the caller has to expect.
 */
export const sanitizeResponse = (response: FromServerEncoded): Effect.Effect<FromServerEncoded> => {
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
          // Not `ShuttingDown`, which promises that nothing was stored.
          ? ofCall(
            response.requestId,
            new Disconnected({ reason: "it stopped before the call was answered", sent: true })
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

/** As many as one process accepts of turns, so that a connection is no narrower than the manager behind it. */
const maxOfConnection = 1024
const maxOfServer = 4096

/**
 * Decides which calls may start, and knows which still run. `tags` are the calls there are; those in `endless` have no end of
 * their own, so nobody waits for it.
 */
export const makeCallGate = (tags: ReadonlyMap<string, unknown>, endless: ReadonlySet<string> = new Set()) => {
  const idle = Effect.unsafeMakeLatch(true)
  let draining = false
  let running = 0
  let awaited = 0

  const left = (calls: Iterable<string>) => {
    for (const tag of calls) {
      running -= 1
      if (!endless.has(tag)) awaited -= 1
    }
    if (awaited === 0) idle.unsafeOpen()
  }

  const refusalOf = (inFlight: ReadonlyMap<string, string>, id: string, tag: string) => {
    if (draining) return new ShuttingDown()
    if (!tags.has(tag)) return new InvalidRequest({ path: ["tag"], reason: "names no call that this server knows" })
    if (inFlight.has(id)) return new InvalidRequest({ path: ["id"], reason: "is the id of a call that still runs" })
    if (inFlight.size >= maxOfConnection) return tooMany(`${maxOfConnection} calls that may run on one connection`)
    return running < maxOfServer ? undefined : tooMany(`${maxOfServer} calls that may run on this server`)
  }

  return {
    /** The calls of one connection. */
    connection: () => {
      const inFlight = new Map<string, string>()
      return {
        /** Why the call may not start; undefined when it has. */
        enter: (id: string, tag: string): InvalidRequest | ShuttingDown | undefined => {
          const refusal = refusalOf(inFlight, id, tag)
          if (refusal !== undefined) return refusal
          inFlight.set(id, tag)
          running += 1
          if (!endless.has(tag)) {
            awaited += 1
            idle.unsafeClose()
          }
          return undefined
        },
        running: () => inFlight.size,
        leave: (id: string) => {
          const tag = inFlight.get(id)
          inFlight.delete(id)
          if (tag !== undefined) left([tag])
        },
        leaveAll: () => {
          left(inFlight.values())
          inFlight.clear()
        }
      }
    },

    drain: (drainTimeout: Duration.DurationInput): Effect.Effect<void> =>
      Effect.suspend(() => {
        draining = true
        return Effect.interruptible(idle.await).pipe(Effect.timeoutOption(drainTimeout), Effect.asVoid)
      })
  }
}

const tooMany = (limit: string) =>
  new InvalidRequest({ path: [], reason: `exceeds the ${limit} at once; wait for some to end` })

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
    ? ofCall(read.requestId, read.error)
    : ofConnection(read.error)
