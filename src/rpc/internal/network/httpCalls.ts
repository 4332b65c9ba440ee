import type * as Headers from "@effect/platform/Headers"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { IncomingMessage, ServerResponse } from "node:http"
import { InternalError, InvalidRequest } from "../../../domain/error/RequestError.js"
import { AccessError } from "../../../domain/error/SessionError.js"
import type { ServerLimits } from "../../ServerLimits.js"
import { SessionRpcs } from "../../SessionRpcs.js"
import type { Connection, Peer } from "../wire/OpenConnection.js"
import type { Connections, Watched } from "./Connections.js"
import { type Entry, peerHeaders, type Refusal } from "./entrance.js"
import type { ServerLog } from "./operatorLog.js"
import type { TokenBucket } from "./TokenBucket.js"
import type { Sender, UnfinishedMessages } from "./UnfinishedMessages.js"

interface HttpServices {
  readonly connect: (peer: Peer) => Effect.Effect<Connection, never, Scope.Scope>
  readonly connections: Connections
  readonly limits: ServerLimits
  readonly unfinished: UnfinishedMessages
  readonly bucket: (address: string) => TokenBucket
  readonly now: () => number
  readonly log: ServerLog
}

/**
 * Runs the calls of one `POST` request. The request is one connection: its body holds the client's frames, and the response
 * holds the answers, which begin before the whole body was read.
 */
export const runHttpCalls = Effect.fnUntraced(
  function*(
    request: IncomingMessage,
    response: ServerResponse,
    entry: Entry,
    headers: Record<string, string>,
    services: HttpServices
  ) {
    const refusal = refusalOf(request)
    if (refusal !== undefined) return refuse(request, response, refusal, headers)
    const closed = yield* Deferred.make<void>()
    const client = new HttpClient(request, response, entry, headers, services)
    response.once("close", () => Deferred.unsafeDone(closed, Effect.void))
    const connection = yield* services.connect(client)
    client.start(connection)
    const unwatch = services.connections.watch(client)
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        unwatch()
        services.unfinished.set(client, 0)
      })
    )
    yield* Deferred.await(closed)
  },
  Effect.scoped
)

const refusalOf = ({ headers }: IncomingMessage): Refusal | undefined => {
  const type = headers["content-type"]?.split(";")[0]?.trim().toLowerCase()
  if (type !== contentType) {
    return {
      status: 415,
      error: new InvalidRequest({ path: ["content-type"], reason: `must be ${contentType}` }),
      headers: {}
    }
  }
  if (headers["content-encoding"] !== undefined && headers["content-encoding"].toLowerCase() !== "identity") {
    return {
      status: 415,
      error: new InvalidRequest({ path: ["content-encoding"], reason: "must be identity" }),
      headers: {}
    }
  }
  return Number(headers["content-length"] ?? 0) > SessionRpcs.maxRequestBytes ? tooLarge : undefined
}

/**
 * The client's side of a request: it is sent a heartbeat while there is nothing else to send, and closed when it does not read.
 */
class HttpClient implements Peer, Watched, Sender {
  readonly isOneMessage = true
  readonly headers: Headers.Headers
  readonly bucket: TokenBucket

  #connection: Connection | undefined
  #received = 0
  /** The beginning of a line whose end has not arrived. */
  #rest: Array<Uint8Array> = []
  #restBytes = 0
  #writtenAt: number
  #isInLine = false

  constructor(
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
    readonly entry: Entry,
    readonly responseHeaders: Record<string, string>,
    readonly services: HttpServices
  ) {
    this.headers = peerHeaders(request, entry)
    this.bucket = services.bucket(entry.address)
    this.#writtenAt = services.now()
  }

  start(connection: Connection): void {
    this.#connection = connection
    this.response.on("drain", () => connection.outbox.drained())
    this.request.on("data", (chunk: Uint8Array) => this.#receive(chunk))
    this.request.on("end", () => {
      if (this.#rest.length > 0) connection.receive(Buffer.concat(this.#rest))
      this.#dropRest()
      this.#writeHead()
      this.response.flushHeaders()
      connection.receiveEnd()
    })
  }

  /** The token was checked by the request's header, which overrides those in frames. */
  authorize(): boolean {
    return true
  }

  write(piece: string, isLast: boolean): void {
    this.#writeHead()
    this.#isInLine = !isLast
    this.#writtenAt = this.services.now()
    // As bytes, since a text that waits takes more memory.
    if (!this.response.writableEnded) this.response.write(Buffer.from(piece))
  }

  unread(): number {
    return this.response.writableLength
  }

  onRefusedCall(limit: "callBurst" | "calls" | "streams"): void {
    this.services.log.limitReached(limit, this.entry.address)
  }

  setReading(isReading: boolean): void {
    if (isReading) this.request.resume()
    else this.request.pause()
  }

  closeUnread(): void {
    this.services.log.closedByLimit("unreadBytes", this.entry.address)
    this.response.destroy()
  }

  closeUnfinished(): void {
    this.services.log.closedByLimit("unfinishedBytes", this.entry.address)
    this.#rest = []
    this.response.destroy()
  }

  end(): void {
    this.#writeHead()
    this.response.end()
  }

  tick(now: number): void {
    const blockedSince = this.#connection?.outbox.blockedSince
    if (blockedSince !== undefined) {
      if (now - blockedSince >= Duration.toMillis(this.services.limits.unreadTimeout)) this.#connection?.outbox.giveUp()
      return
    }
    if (now - this.#writtenAt >= heartbeatMillis && !this.#isInLine) this.write(heartbeat, true)
  }

  #receive(chunk: Uint8Array) {
    this.#received += chunk.length
    if (this.#received > SessionRpcs.maxRequestBytes) return this.#refuseTooLarge()
    const end = chunk.lastIndexOf(newline)
    if (end !== -1) {
      this.#connection?.receive(Buffer.concat([...this.#rest, chunk.subarray(0, end + 1)]))
      this.#dropRest()
    }
    const rest = chunk.subarray(end + 1)
    if (rest.length > 0) this.#rest.push(rest)
    this.#restBytes += rest.length
    this.services.unfinished.set(this, this.#restBytes)
  }

  #dropRest() {
    this.#rest = []
    this.#restBytes = 0
    this.services.unfinished.set(this, 0)
  }

  #refuseTooLarge() {
    this.request.removeAllListeners("data").removeAllListeners("end")
    this.#dropRest()
    if (this.response.headersSent) {
      // Answers have begun, so the status is out.
      this.write(`${JSON.stringify({ _tag: "Defect", defect: bodyOf(tooLarge) })}\n`, true)
      this.response.end()
    } else refuse(this.request, this.response, tooLarge, this.responseHeaders)
  }

  #writeHead() {
    if (!this.response.headersSent) this.response.writeHead(200, { ...this.responseHeaders, ...answerHeaders })
  }
}

/**
 * Refuses a request as a whole. The response ends with the request, or after a while: a socket that is closed while the client
 * still sends would lose the response.
 */
export const refuse = (
  request: IncomingMessage,
  response: ServerResponse,
  { error, headers, status }: Refusal,
  others: Record<string, string>
): void => {
  const body = JSON.stringify(bodyOf({ error }))
  response.writeHead(status, {
    ...others,
    ...headers,
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body)
  })
  if (request.complete || request.readableEnded) return void response.end(body)
  response.write(body)
  let discarded = 0
  const end = () => void response.end()
  request.on("data", (chunk: Uint8Array) => {
    discarded += chunk.length
    if (discarded > maxDiscarded) request.destroy()
  })
  request.once("end", end).once("close", end).resume()
}

export const bodyOf = ({ error }: Pick<Refusal, "error">): object => ({
  ...encode(error),
  name: error._tag,
  message: error.message
})

const encode = Schema.encodeSync(Schema.Union(AccessError, InternalError))

const tooLarge: Refusal = {
  status: 413,
  error: new InvalidRequest({ path: [], reason: `is larger than ${SessionRpcs.maxRequestBytes} bytes` }),
  headers: {}
}

const contentType = "application/ndjson"

/** Proxies would hold back the parts of a stream, and close it when it is idle. */
const answerHeaders = {
  "content-type": contentType,
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no"
}

/** A frame that every client of `@effect/rpc` ignores. */
const heartbeat = "{\"_tag\":\"Pong\"}\n"
const heartbeatMillis = 15_000

const newline = 0x0a

/** Bytes of a refused body that are read and thrown away, so that its client reads the response. */
const maxDiscarded = 16 * 1024 * 1024
