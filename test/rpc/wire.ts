import { Deferred, Effect, Queue, Redacted } from "effect"
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

/** A frame that asks for something, as a line. `over` puts anything in place of its fields. */
export const request = (id: unknown, tag: unknown, payload?: unknown, over: object = {}) =>
  `${JSON.stringify({ _tag: "Request", id, tag, payload, headers: authorized, ...over })}\n`

export const parseFrames = (text: string): ReadonlyArray<Frame> =>
  text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line))

interface Answer {
  readonly status: number
  readonly text: string
}

/** Any HTTP request at all. A body of several pieces is sent in chunks, without a length. */
export const send = (
  url: string,
  { body = [], ...options }: Http.RequestOptions & { readonly body?: string | ReadonlyArray<string> }
): Effect.Effect<Answer, Error> =>
  Effect.async((resume) => {
    const outgoing = Http.request(url, { agent: false, ...options }, (incoming) => {
      let text = ""
      incoming.setEncoding("utf8").on("data", (chunk) => (text += chunk))
      incoming.on("end", () => resume(Effect.succeed({ status: incoming.statusCode ?? 0, text })))
    })
    outgoing.on("upgrade", ({ statusCode = 0 }, socket) => {
      socket.destroy()
      resume(Effect.succeed({ status: statusCode, text: "" }))
    })
    outgoing.on("error", (error) => resume(Effect.fail(error)))
    if (typeof body === "string") outgoing.setHeader("content-length", Buffer.byteLength(body))
    else for (const piece of body) outgoing.write(piece)
    outgoing.end(typeof body === "string" ? body : undefined)
    return Effect.sync(() => outgoing.destroy())
  })

/** Lines in one HTTP request of the protocol. */
export const post = (url: string, body: string | ReadonlyArray<string>, headers: Record<string, string> = {}) =>
  send(`${url}/rpc`, { method: "POST", body, headers: { "content-type": "application/ndjson", ...headers } })

/** A socket of the protocol, for whatever is to be sent on it. */
export const openSocket = (url: string) =>
  Effect.gen(function*() {
    const frames = yield* Queue.unbounded<Frame>()
    const closed = yield* Deferred.make<number>()
    const socket = yield* Effect.acquireRelease(
      Effect.async<InstanceType<typeof WebSocket>>((resume) => {
        const socket = new WebSocket(`${url.replace("http", "ws")}/rpc`)
        socket.addEventListener("open", () => resume(Effect.succeed(socket)))
        socket.addEventListener("error", () => resume(Effect.die("the socket does not open")))
        socket.addEventListener("message", ({ data }) => Queue.unsafeOffer(frames, JSON.parse(String(data))))
        socket.addEventListener("close", ({ code }) => Deferred.unsafeDone(closed, Effect.succeed(code)))
      }),
      (socket) => Effect.sync(() => socket.close())
    )
    return {
      send: (data: string | Uint8Array) => Effect.sync(() => socket.send(data)),
      next: Queue.take(frames),
      closed: Deferred.await(closed)
    }
  })

export type Transport = "http" | "websocket"

/** Sends lines over a connection of their own, and answers the first `count` frames that come back. */
export const exchange = (transport: Transport, url: string, lines: string, count = 1) =>
  transport === "http"
    ? Effect.map(post(url, lines), ({ text }) => parseFrames(text))
    : Effect.scoped(Effect.flatMap(openSocket(url), (socket) =>
      Effect.zipRight(socket.send(lines), Effect.replicateEffect(socket.next, count))))
