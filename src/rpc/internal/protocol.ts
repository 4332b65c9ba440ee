import type * as Headers from "@effect/platform/Headers"
import type { FromClientEncoded, FromServerEncoded } from "@effect/rpc/RpcMessage"
import * as RpcServer from "@effect/rpc/RpcServer"
import * as Effect from "effect/Effect"
import * as Mailbox from "effect/Mailbox"
import { InvalidRequest, ServerBusy, Unauthorized } from "../../domain/error/RequestError.js"
import type { ServerLimits } from "../ServerLimits.js"
import { makeCallGate } from "./callGate.js"
import { type ClientFrame, framesOf, type ReadFrame } from "./frames.js"
import { LargeReads } from "./LargeReads.js"
import { Outbox, OutboxGroup, type Writer } from "./Outbox.js"
import { makeReadingTurns, type Reader } from "./readingTurns.js"
import { ofCall, ofConnection, sanitizeResponse } from "./responses.js"
import type { TokenBucket } from "./TokenBucket.js"

/**
 * The client's side of one connection, over any transport.
 */
export interface Peer extends Writer {
  /** Headers as the transport received them. They override headers in frames. */
  readonly headers: Headers.Headers
  /** Whether the frames of all data count as one message, of which there is no other. */
  readonly isOneMessage: boolean
  /** The calls that the connection may make. */
  readonly bucket: TokenBucket
  /** Checks the token of a call. Returns whether the call may be made. */
  readonly authorize: (authorization: string | undefined) => boolean
  /** A call was refused by this limit. */
  readonly onRefusedCall: (limit: "callBurst" | "calls" | "streams") => void
  /** Ends the connection, once all answers are written. Nothing is sent after that. */
  readonly end: (reason: EndReason) => void
}

/** Why a connection ends: its last call has ended, the server stops, or the client sends too much, or what cannot be read. */
export type EndReason = "done" | "stopping" | "flood" | "unreadable"

/**
 * The server's side of it.
 */
export interface Connection {
  /** Takes data, to be read when it is the connection's turn. */
  readonly receive: (data: Uint8Array) => void
  /** The client sends nothing more: the connection ends with its last call. */
  readonly receiveEnd: () => void
  readonly outbox: Outbox
}

interface Contract {
  readonly requests: ReadonlyMap<string, unknown>
  readonly streams: ReadonlySet<string>
  readonly endless: ReadonlySet<string>
}

/**
 * The protocol of `@effect/rpc`, for untrusted clients. A malformed call fails by itself, with a typed error that does not
 * repeat its content; what belongs to no call ends its connection.
 *
 * It replaces the protocols of `RpcServer`: these answer malformed frames with defects of the whole connection, let a frame's
 * headers override the connection's, buffer what a client does not read without limit, and cannot close a socket with a reason.
 */
export const makeHardenedProtocol = Effect.fnUntraced(function*(
  { endless, requests, streams }: Contract,
  limits: ServerLimits,
  fork: (effect: Effect.Effect<void>) => void,
  now: () => number
) {
  const gate = makeCallGate({ tags: requests, streams, endless }, limits)
  const turns = yield* makeReadingTurns
  const outboxes = new OutboxGroup(limits, fork, now)
  const connections = new Map<number, OpenConnection>()
  const reads = new LargeReads((id) => {
    const outbox = connections.get(id)?.outbox
    // The calls of a connection that has gone are about to be interrupted.
    return outbox !== undefined && !outbox.isFull && outboxes.waiting < limits.encodingBytes
  })
  outboxes.onRoom = () => reads.next()
  const disconnects = yield* Mailbox.make<number>()
  let lastId = 0
  let write!: (id: number, frame: FromClientEncoded) => Effect.Effect<void>

  const server = yield* RpcServer.Protocol.make((writeFrame) => {
    // A stopping server interrupts fibers that still write to it.
    write = (id, frame) => Effect.catchAllCause(writeFrame(id, frame), () => Effect.void)
    return Effect.succeed({
      disconnects,
      send: Effect.fnUntraced(function*(id, response) {
        const connection = connections.get(id)
        if (connection === undefined) return
        connection.send(yield* sanitizeResponse(response))
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
    const connection = new OpenConnection(id, peer, {
      calls: gate.connection(),
      outbox: new Outbox(peer, outboxes),
      write: (frame) => write(id, frame),
      fork,
      takeTurns: turns.add,
      now
    })
    yield* Effect.acquireRelease(
      Effect.sync(() => connections.set(id, connection)),
      () =>
        Effect.suspend(() => {
          connections.delete(id)
          connection.close()
          return disconnects.offer(id)
        })
    )
    return connection as Connection
  })

  return {
    server,
    connect,
    /** How many calls and streams run, and how many connections do not read. */
    status: () => ({ ...gate.running(), blockedConnections: outboxes.blocked.size }),
    /** Runs a read with a large answer when it is its connection's turn. */
    largeRead: reads.run.bind(reads),
    isDraining: gate.isDraining,
    /** Refuses new calls and waits for running ones, up to a timeout. */
    drain: gate.drain,
    /** Ends all connections. */
    end: Effect.sync(() => {
      for (const { peer } of connections.values()) peer.end("stopping")
    })
  } as const
})

interface ConnectionServices {
  readonly calls: ReturnType<ReturnType<typeof makeCallGate>["connection"]>
  readonly outbox: Outbox
  readonly write: (frame: FromClientEncoded) => Effect.Effect<void>
  readonly fork: (effect: Effect.Effect<void>) => void
  readonly takeTurns: (reader: Reader) => void
  readonly now: () => number
}

/**
 * A connection that is open: the frames that wait to be read, the calls that run, and the answers that wait to be written.
 */
class OpenConnection implements Connection, Reader {
  readonly outbox: Outbox

  readonly #services: ConnectionServices
  readonly #trustedHeaders: ReadonlyArray<[string, string]>
  readonly #received: Array<Iterator<ReadFrame>> = []
  #frames = 0
  #isReading = false
  /** Whether the client sends nothing more. */
  #isEnded = false
  /** Whether nothing more is read. */
  #isStopped = false
  #refusals = 0

  constructor(readonly id: number, readonly peer: Peer, services: ConnectionServices) {
    this.outbox = services.outbox
    this.#services = services
    this.#trustedHeaders = Object.entries(peer.headers)
    this.outbox.onDrained = () => {
      if (this.#received.length < maxReceived) this.peer.setReading(true)
      this.#takeTurn()
    }
  }

  receive(data: Uint8Array): void {
    if (this.#isStopped) return
    this.#received.push(framesOf(data))
    if (this.#received.length >= maxReceived) this.peer.setReading(false)
    this.#takeTurn()
  }

  receiveEnd(): void {
    this.#isEnded = true
    this.#takeTurn()
  }

  close(): void {
    this.#isStopped = true
    this.#received.length = 0
    this.#services.calls.leaveAll()
    this.outbox.close()
  }

  /** Sends an answer. A transport without acknowledgements counts a part of a stream as read once it is written. */
  send(response: FromServerEncoded): void {
    const { calls, fork, write } = this.#services
    const onWritten = response._tag === "Chunk" && this.peer.isOneMessage
      ? () => fork(write({ _tag: "Ack", requestId: response.requestId }))
      : () => this.#endIfDone()
    if (response._tag === "Exit") calls.leave(response.requestId)
    this.outbox.offer(response, onWritten)
  }

  /** What a client does not read keeps its frames from being read. */
  read(maxFrames: number): Effect.Effect<boolean> {
    return Effect.gen(this, function*() {
      for (let count = 0; count < maxFrames; count++) {
        const frame = this.outbox.blockedSince === undefined ? this.#nextFrame() : undefined
        if (frame === undefined) break
        const handled = this.#handle(frame)
        if (handled !== undefined) yield* handled
      }
      this.#isReading = this.#received.length > 0 && this.outbox.blockedSince === undefined
      if (!this.#isReading) this.#endIfDone()
      return this.#isReading
    })
  }

  #takeTurn() {
    if (this.#isReading || this.outbox.blockedSince !== undefined) return
    this.#isReading = true
    this.#services.takeTurns(this)
  }

  #nextFrame(): ReadFrame | undefined {
    for (let [frames] = this.#received; frames !== undefined; [frames] = this.#received) {
      const { done, value } = frames.next()
      if (!done) {
        this.#frames += 1
        return value
      }
      this.#received.shift()
      if (!this.peer.isOneMessage) this.#frames = 0
      if (this.#received.length === maxReceived - 1 && this.outbox.blockedSince === undefined) {
        this.peer.setReading(true)
      }
    }
    return undefined
  }

  #handle(read: ReadFrame): Effect.Effect<void> | undefined {
    if (this.#frames > maxFramesOfMessage) return this.#stop(tooManyFrames, "unreadable")
    if (read._tag === "Read") return this.#accept(read.frame)
    if (read._tag === "Refused" && read.requestId !== undefined) {
      return void this.send(ofCall(read.requestId, read.error))
    }
    return this.#stop(read.error, "unreadable")
  }

  #accept(frame: ClientFrame): Effect.Effect<void> | undefined {
    const { calls, now, write } = this.#services
    if (frame._tag !== "Request" && frame._tag !== "Ping") return write(frame)
    const wait = this.peer.bucket.take(now())
    if (wait > 0) return this.#refuseBusy(frame, wait)
    this.#refusals = 0
    if (frame._tag === "Ping") return write(frame)
    // An answer with this id would end the running call.
    if (calls.has(frame.id)) return void this.outbox.offer(ofConnection(usedId))
    const headers = [...frame.headers.map(([name, value]): [string, string] => [name, value]), ...this.#trustedHeaders]
    // Of two headers with one name, the later one counts.
    const authorization = headers.findLast(([name]) => name.toLowerCase() === "authorization")?.[1]
    if (!this.peer.authorize(authorization)) return void this.send(ofCall(frame.id, new Unauthorized()))
    const refusal = calls.enter(frame.id, frame.tag)
    if (refusal !== undefined) {
      if (refusal._tag === "ServerBusy") this.peer.onRefusedCall(calls.kindOf(frame.tag))
      return void this.send(ofCall(frame.id, refusal))
    }
    return write({ ...frame, payload: frame.payload, headers })
  }

  #refuseBusy(frame: ClientFrame, retryAfterMs: number): undefined {
    this.#refusals += 1
    this.peer.onRefusedCall("callBurst")
    if (this.#refusals > this.peer.bucket.burst) return this.#stop(floodError, "flood")
    if (frame._tag !== "Request") return
    const { burst, perSecond } = this.peer.bucket
    const reason = `more than ${burst} calls at once and ${perSecond} per second`
    return this.send(ofCall(frame.id, new ServerBusy({ reason, retryAfterMs }))) as undefined
  }

  /** Sends one error, and reads nothing more. */
  #stop(error: InvalidRequest | ServerBusy, reason: EndReason): undefined {
    this.#isStopped = true
    this.#received.length = 0
    this.outbox.offer(ofConnection(error))
    if (!this.peer.isOneMessage) this.peer.end(reason)
    else this.#isEnded = true
    return undefined
  }

  #endIfDone() {
    if (this.#isEnded && this.#received.length === 0 && this.#services.calls.running() === 0 && this.outbox.isEmpty) {
      this.peer.end("done")
    }
  }
}

/** Pieces of data that wait to be read, before no more is read from the network. */
const maxReceived = 64

const maxFramesOfMessage = 1024

const tooManyFrames = new InvalidRequest({
  path: [],
  reason: `has more than ${maxFramesOfMessage} calls in one message; send them in several`
})
const floodError = new ServerBusy({ reason: "too many calls after those that were refused", retryAfterMs: 1000 })
const usedId = new InvalidRequest({ path: ["id"], reason: "is the id of a running call; use another id" })
