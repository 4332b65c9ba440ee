import { Deferred, Effect, Option, Queue, Redacted } from "effect"
import * as Http from "node:http"
import { WebSocket } from "ws"
import { token } from "./token.js"

export interface Frame {
  readonly _tag: string
  readonly requestId?: string
  readonly exit?: {
    readonly _tag: string
    readonly value?: unknown
    readonly cause?: { readonly _tag: string; readonly error?: Fields; readonly defect?: Fields }
  }
  readonly defect?: Fields
  readonly values?: ReadonlyArray<Fields>
}

type Fields = Readonly<Record<string, unknown>>

export const authorized = [["authorization", `Bearer ${Redacted.value(token)}`]]

/** A request frame as one line. `over` replaces fields, with any value. */
export const request = (id: unknown, tag: unknown, payload?: unknown, over: object = {}) =>
  `${JSON.stringify({ _tag: "Request", id, tag, payload, headers: authorized, ...over })}\n`

export const parseFrames = (text: string): ReadonlyArray<Frame> =>
  text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line))

interface Answer {
  readonly status: number
  readonly text: string
  readonly headers: Http.IncomingHttpHeaders
}

/** Sends any HTTP request. A body of several pieces is sent in chunks, without a length. */
export const send = (
  url: string,
  { body = [], ...options }: Http.RequestOptions & { readonly body?: string | Uint8Array | ReadonlyArray<string> }
): Effect.Effect<Answer, Error> =>
  Effect.async((resume) => {
    const outgoing = Http.request(url, { agent: false, ...options }, (incoming) => {
      let text = ""
      incoming.setEncoding("utf8").on("data", (chunk) => (text += chunk))
      incoming.on("end", () =>
        resume(Effect.succeed({ status: incoming.statusCode ?? 0, text, headers: incoming.headers })))
    })
    outgoing.on("upgrade", ({ headers, statusCode = 0 }, socket) => {
      socket.destroy()
      resume(Effect.succeed({ status: statusCode, text: "", headers }))
    })
    outgoing.on("error", (error) =>
      resume(Effect.fail(error)))
    const isWhole = typeof body === "string" || body instanceof Uint8Array
    if (isWhole) outgoing.setHeader("content-length", Buffer.byteLength(body))
    else for (const piece of body) outgoing.write(piece)
    outgoing.end(isWhole ? body : undefined)
    return Effect.sync(() => outgoing.destroy())
  })

/** Sends lines in one HTTP request of the protocol, with the right token unless `headers` has another. */
export const post = (
  url: string,
  body: string | Uint8Array | ReadonlyArray<string>,
  { authorization = `Bearer ${Redacted.value(token)}`, ...headers }: Record<string, string> = {}
) =>
  send(`${url}/rpc`, {
    method: "POST",
    body,
    headers: { "content-type": "application/ndjson", ...(authorization !== "" && { authorization }), ...headers }
  })

/** Opens a socket of the protocol without a token, on which a test can send anything. */
export const openSocket = (url: string, headers: Record<string, string> = {}) =>
  Effect.gen(function*() {
    const frames = yield* Queue.unbounded<Frame>()
    const closed = yield* Deferred.make<number>()
    const socket = yield* Effect.acquireRelease(
      Effect.async<InstanceType<typeof WebSocket>>((resume) => {
        const socket = new WebSocket(`${url.replace("http", "ws")}/rpc`, { headers })
        socket.addEventListener("open", () => resume(Effect.succeed(socket)))
        socket.addEventListener("error", () => resume(Effect.die("the socket does not open")))
        socket.addEventListener("message", ({ data }) => Queue.unsafeOffer(frames, JSON.parse(String(data))))
        socket.addEventListener("close", ({ code }) => Deferred.unsafeDone(closed, Effect.succeed(code)))
      }),
      (socket) => Effect.sync(() => socket.close())
    )
    return {
      socket,
      send: (data: string | Uint8Array) => Effect.sync(() => socket.send(data)),
      next: Queue.take(frames),
      /** What has arrived, if anything. */
      poll: Effect.map(Queue.poll(frames), Option.getOrUndefined),
      closed: Deferred.await(closed)
    }
  })

/** Begins a request of the protocol whose body and response the test controls. */
export const openPost = (url: string) =>
  Effect.gen(function*() {
    const answered = yield* Deferred.make<Http.IncomingMessage>()
    const closed = yield* Deferred.make<void>()
    let text = ""
    const outgoing = yield* Effect.acquireRelease(
      Effect.sync(() =>
        Http.request(`${url}/rpc`, {
          agent: false,
          method: "POST",
          headers: { authorization: `Bearer ${Redacted.value(token)}`, "content-type": "application/ndjson" }
        })
      ),
      (outgoing) => Effect.sync(() => outgoing.destroy())
    )
    outgoing.on("error", () => {}).on("close", () => Deferred.unsafeDone(closed, Effect.void))
    outgoing.on("response", (incoming) => {
      incoming.setEncoding("utf8").on("data", (chunk) => (text += chunk)).on("error", () => {})
      Deferred.unsafeDone(answered, Effect.succeed(incoming))
    })
    return {
      write: (data: string) => Effect.sync(() => void outgoing.write(data)),
      end: Effect.sync(() => void outgoing.end()),
      response: Deferred.await(answered),
      received: () => text,
      closed: Deferred.await(closed)
    }
  })

export type Transport = "http" | "websocket"

/** Opens a socket with the token in its header, as a browser cannot. */
export const openAuthorizedSocket = (url: string) =>
  openSocket(url, { authorization: `Bearer ${Redacted.value(token)}` })

/** Sends lines over a new connection with the token, and returns the first `count` frames received. */
export const exchange = (transport: Transport, url: string, lines: string, count = 1) =>
  transport === "http"
    ? Effect.map(post(url, lines), ({ text }) => parseFrames(text))
    : Effect.scoped(Effect.flatMap(openAuthorizedSocket(url), (socket) =>
      Effect.zipRight(socket.send(lines), Effect.replicateEffect(socket.next, count))))
