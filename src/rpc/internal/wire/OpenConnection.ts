import type * as Headers from "@effect/platform/Headers"
import type { FromClientEncoded, FromServerEncoded } from "@effect/rpc/RpcMessage"
import * as Effect from "effect/Effect"
import { InvalidRequest, ServerBusy, Unauthorized } from "../../../domain/error/RequestError.js"
import type { TokenBucket } from "../network/TokenBucket.js"
import type { CallGate } from "./callGate.js"
import { type ClientFrame, framesOf, type ReadFrame } from "./frames.js"
import type { Outbox, Writer } from "./Outbox.js"
import type { Reader } from "./readingTurns.js"
import { ofCall, ofConnection } from "./responses.js"

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

interface ConnectionServices {
  readonly calls: ReturnType<CallGate["connection"]>
  readonly outbox: Outbox
  readonly write: (frame: FromClientEncoded) => Effect.Effect<void>
  readonly fork: (effect: Effect.Effect<void>) => void
  readonly takeTurns: (reader: Reader) => void
  readonly now: () => number
}

/**
 * A connection that is open: the frames that wait to be read, the calls that run, and the answers that wait to be written.
 */
export class OpenConnection implements Connection, Reader {
  readonly outbox: Outbox

  readonly #services: ConnectionServices
  readonly #trustedHeaders: ReadonlyArray<[string, string]>
  readonly #received: Array<{ readonly frames: Iterator<ReadFrame>; readonly size: number }> = []
  #receivedBytes = 0
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
      if (!this.#isFull) this.peer.setReading(true)
      this.#takeTurn()
    }
  }

  receive(data: Uint8Array): void {
    if (this.#isStopped) return
    this.#received.push({ frames: framesOf(data), size: data.length })
    this.#receivedBytes += data.length
    if (this.#isFull) this.peer.setReading(false)
    this.#takeTurn()
  }

  receiveEnd(): void {
    this.#isEnded = true
    this.#takeTurn()
  }

  close(): void {
    this.#isStopped = true
    this.#dropReceived()
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

  /** Whether so much waits to be read that no more is taken from the network. */
  get #isFull(): boolean {
    return this.#received.length >= maxReceived || this.#receivedBytes >= maxReceivedBytes
  }

  #dropReceived() {
    this.#received.length = 0
    this.#receivedBytes = 0
  }

  #takeTurn() {
    if (this.#isReading || this.outbox.blockedSince !== undefined) return
    this.#isReading = true
    this.#services.takeTurns(this)
  }

  #nextFrame(): ReadFrame | undefined {
    for (let [data] = this.#received; data !== undefined; [data] = this.#received) {
      const { done, value } = data.frames.next()
      if (!done) {
        this.#frames += 1
        return value
      }
      const wasFull = this.#isFull
      this.#received.shift()
      this.#receivedBytes -= data.size
      if (!this.peer.isOneMessage) this.#frames = 0
      if (wasFull && !this.#isFull && this.outbox.blockedSince === undefined) this.peer.setReading(true)
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
    this.#dropReceived()
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

/** Pieces of data that wait to be read, and their bytes, before no more is taken from the network. */
const maxReceived = 64
const maxReceivedBytes = 1024 * 1024

const maxFramesOfMessage = 1024

const tooManyFrames = new InvalidRequest({
  path: [],
  reason: `has more than ${maxFramesOfMessage} calls in one message; send them in several`
})
const floodError = new ServerBusy({ reason: "too many calls after those that were refused", retryAfterMs: 1000 })
const usedId = new InvalidRequest({ path: ["id"], reason: "is the id of a running call; use another id" })
