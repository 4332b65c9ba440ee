import type * as Headers from "@effect/platform/Headers"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { IncomingMessage } from "node:http"
import type * as Net from "node:net"
import type { Duplex } from "node:stream"
import { type WebSocket, WebSocketServer } from "ws"
import type { ServerLimits } from "../../ServerLimits.js"
import { SessionRpcs } from "../../SessionRpcs.js"
import type { Connection, EndReason, Peer } from "../wire/OpenConnection.js"
import { authorizationMillis, type Connections } from "./Connections.js"
import { type Entrance, type Entry, peerHeaders } from "./entrance.js"
import type { LimitName, ServerLog } from "./operatorLog.js"
import { TokenBucket } from "./TokenBucket.js"
import type { Sender, UnfinishedMessages } from "./UnfinishedMessages.js"
import { WebSocketFrames } from "./webSocketFrames.js"

interface WebSocketServices {
  readonly connect: (peer: Peer) => Effect.Effect<Connection, never, Scope.Scope>
  readonly connections: Connections
  readonly entrance: Entrance
  readonly limits: ServerLimits
  readonly unfinished: UnfinishedMessages
  readonly now: () => number
  readonly log: ServerLog
}

/**
 * Upgrades requests to WebSockets. One WebSocket is one connection, until either side closes it.
 */
export const makeWebSocketUpgrade = () => {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: SessionRpcs.maxRequestBytes
  })
  return (request: IncomingMessage, socket: Duplex, head: Buffer, use: (webSocket: WebSocket) => void): void =>
    server.handleUpgrade(request, socket, head, (webSocket) => {
      // Nothing may arrive before there is someone to take it.
      webSocket.pause()
      use(webSocket)
    })
}

/**
 * Runs a WebSocket until it is closed.
 */
export const runWebSocket = Effect.fnUntraced(
  function*(webSocket: WebSocket, request: IncomingMessage, entry: Entry, services: WebSocketServices) {
    const closed = yield* Deferred.make<void>()
    const client = new WebSocketClient(webSocket, request, entry, services)
    webSocket.once("close", () => Deferred.unsafeDone(closed, Effect.void))
    yield* Effect.addFinalizer(() => Effect.sync(() => webSocket.terminate()))
    const connection = yield* services.connect(client)
    client.start(connection)
    const unwatch = services.connections.watch(client)
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        unwatch()
        services.unfinished.set(client, 0)
      })
    )
    if (webSocket.readyState === webSocket.CLOSED) return
    yield* Deferred.await(closed)
  },
  Effect.scoped
)

/**
 * The client's side of a WebSocket. It is looked at each second: a client that does not answer pings, does not end a message, does
 * not read, or makes no call with a token, is disconnected.
 */
class WebSocketClient implements Peer, Sender {
  readonly isOneMessage = false
  readonly headers: Headers.Headers
  readonly bucket: TokenBucket

  readonly #frames = new WebSocketFrames()
  readonly #socket: Net.Socket
  #connection: Connection | undefined
  #isAuthorized: boolean
  #unauthorizedMessages = 0
  #messageSince: number | undefined
  #pingedAt: number
  #missedPings = 0
  #closedAt: number | undefined

  constructor(
    readonly webSocket: WebSocket,
    request: IncomingMessage,
    readonly entry: Entry,
    readonly services: WebSocketServices
  ) {
    this.headers = peerHeaders(request, entry)
    this.bucket = new TokenBucket(services.limits.callBurst, services.limits.callsPerSecond, services.now())
    this.#socket = request.socket
    // A wrong token was refused before, and an empty header is none.
    this.#isAuthorized = (request.headers.authorization ?? "") !== ""
    this.#pingedAt = services.now()
    webSocket.on("error", () => {
      this.#closedAt ??= services.now()
    })
  }

  start(connection: Connection): void {
    this.#connection = connection
    this.#socket.on("data", (chunk: Uint8Array) => this.#follow(chunk))
    this.#socket.on("drain", () => {
      this.#missedPings = 0
      connection.outbox.drained()
    })
    this.webSocket.on("message", (data: Uint8Array) => {
      this.#missedPings = 0
      if (this.#closedAt !== undefined) return
      if (!this.#isAuthorized && ++this.#unauthorizedMessages > maxUnauthorizedMessages) {
        return this.#close(policyViolation, "unauthorizedMessages", "no call with a token came first")
      }
      connection.receive(data)
    })
    this.webSocket.on("pong", () => {
      this.#missedPings = 0
    })
    this.webSocket.resume()
  }

  authorize(authorization: string | undefined): boolean {
    const { address, network } = this.entry
    // Wrong tokens of others at its address do not concern a connection that is open.
    if (this.#isAuthorized && this.services.entrance.isRight(authorization)) return true
    const isRight = this.services.entrance.authorize(authorization, address, network) === undefined
    if (isRight) this.#isAuthorized = true
    return isRight
  }

  write(piece: string, isLast: boolean): void {
    if (this.webSocket.readyState === this.webSocket.OPEN) this.webSocket.send(piece, { binary: false, fin: isLast })
  }

  unread(): number {
    return this.webSocket.bufferedAmount
  }

  onRefusedCall(limit: "callBurst" | "calls" | "streams"): void {
    this.services.log.limitReached(limit, this.entry.address)
  }

  setReading(isReading: boolean): void {
    if (!isReading) return this.webSocket.pause()
    // A message could not end while nothing was read.
    if (this.#messageSince !== undefined) this.#messageSince = this.services.now()
    this.webSocket.resume()
  }

  closeUnread(): void {
    this.#close(tryAgainLater, "unreadBytes", "too much was left unread")
  }

  closeUnfinished(): void {
    this.services.log.closedByLimit("unfinishedBytes", this.entry.address)
    this.webSocket.terminate()
  }

  end(reason: EndReason): void {
    if (reason === "done") return
    const [code, text] = endings[reason]
    this.webSocket.close(code, text)
    this.#closedAt ??= this.services.now()
  }

  tick(now: number): void {
    const unreadMillis = Duration.toMillis(this.services.limits.unreadTimeout)
    const { network } = this.entry
    if (this.#closedAt !== undefined) {
      if (now - this.#closedAt >= closeMillis) this.webSocket.terminate()
      return
    }
    const blockedSince = this.#connection?.outbox.blockedSince
    if (blockedSince !== undefined && now - blockedSince >= unreadMillis) {
      return this.#connection?.outbox.giveUp()
    }
    if (!this.#isAuthorized && network !== undefined && now - network.openedAt >= authorizationMillis) {
      return this.#close(policyViolation, "authorizationTimeout", "no call with a token came in time")
    }
    if (this.#messageSince !== undefined && now - this.#messageSince >= messageMillis) {
      return this.#close(policyViolation, "messageTimeout", "a message did not end in time")
    }
    if (now - this.#pingedAt < pingMillis) return
    if (this.#missedPings >= maxMissedPings) {
      this.services.log.closedByLimit("pings", this.entry.address)
      return this.webSocket.terminate()
    }
    this.#missedPings += 1
    this.#pingedAt = now
    this.webSocket.ping()
  }

  #follow(chunk: Uint8Array) {
    if (this.#closedAt !== undefined) return
    const { ended } = this.#frames
    this.#frames.read(chunk)
    this.services.unfinished.set(this, this.#frames.arrived)
    if (!this.#frames.isInMessage) this.#messageSince = undefined
    else if (this.#messageSince === undefined || this.#frames.ended > ended) this.#messageSince = this.services.now()
    if (!this.#isAuthorized && this.#frames.size > maxUnauthorizedBytes) {
      this.#close(messageTooBig, "unauthorizedMessages", "a message before the first call with a token is too large")
    }
  }

  /** Reads nothing more, not even the client's answer: a message that is too large would go on filling memory. */
  #close(code: number, limit: LimitName, text: string) {
    if (this.#closedAt !== undefined) return
    this.#closedAt = this.services.now()
    this.services.log.closedByLimit(limit, this.entry.address)
    this.webSocket.close(code, text)
    this.webSocket.pause()
    this.#socket.end()
  }
}

const goingAway = 1001
const invalidPayload = 1007
const policyViolation = 1008
const messageTooBig = 1009
const tryAgainLater = 1013

const endings = {
  stopping: [goingAway, "the server is stopping"],
  flood: [tryAgainLater, "too many calls"],
  unreadable: [invalidPayload, "the last message could not be read"]
} as const

/** Messages that a client may send before its first call with a token, and their size. */
const maxUnauthorizedMessages = 4
const maxUnauthorizedBytes = 64 * 1024

/** How long a client may take for one message. */
const messageMillis = 30_000

const pingMillis = 15_000
const maxMissedPings = 2

/** How long a client may take to answer the end of its WebSocket. */
const closeMillis = 5000
