// @effect-diagnostics globalConsole:off
// oxlint-disable no-console -- a program that does not use Effect
import type { FeedEvent } from "langswarm-session"
import { createSessionManager } from "langswarm-session/promise"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { text } from "node:stream/consumers"

// After a lost connection the browser reconnects by itself, with the last id it has seen. A reload replays the feed.
const page = `<!doctype html>
<meta charset="utf-8">
<title>Chat</title>
<main></main>
<form><input name="content" autofocus></form>
<script type="module">
  const add = () => document.querySelector("main").appendChild(document.createElement("p"))
  let reply
  new EventSource("/events").onmessage = ({ data }) => {
    const { question, piece, whole } = JSON.parse(data)
    if (question) (add().textContent = "You: " + question, reply = add())
    if (piece) reply.append(piece)
    if (whole) reply.textContent = whole
  }
  document.forms[0].onsubmit = (event) => {
    event.preventDefault()
    const headers = { "idempotency-key": crypto.randomUUID() }
    fetch("/messages", { method: "POST", headers, body: event.target.content.value })
    event.target.reset()
  }
</script>
`

const manager = await createSessionManager({ providers: { mock: { chunkDelay: "200 millis" } } })
// In a real program your login decides whose session it is.
const session = await manager.getOrCreate({ userId: "ada", provider: "mock", model: "mock-model" })

/** What the page shows of an event. */
const toPage = ({ event }: FeedEvent) =>
  event._tag === "MessageSent"
    ? { question: event.message.text }
    : event._tag === "TurnDelta"
    ? { piece: event.text }
    : event._tag === "MessageReceived"
    ? { whole: event.message.text }
    : undefined

/** The session's feed as server-sent events, from the position after the last one that the browser has seen. */
const sendEvents = async ({ headers: { "last-event-id": last } }: IncomingMessage, response: ServerResponse) => {
  const left = new AbortController()
  response.on("close", () => left.abort())
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" })
  response.flushHeaders()
  for await (const entry of session.watch(typeof last === "string" ? { from: last } : {}, { signal: left.signal })) {
    const shown = toPage(entry)
    if (shown) response.write(`id: ${entry.position}\ndata: ${JSON.stringify(shown)}\n\n`)
  }
}

/** Stores the message and answers with its receipt. The same key again is the same turn, so a retry asks nothing twice. */
const takeMessage = async (request: IncomingMessage, response: ServerResponse) => {
  const key = request.headers["idempotency-key"]
  if (typeof key !== "string") return response.writeHead(400).end("the header idempotency-key is missing\n")
  const receipt = await session.submit({ content: await text(request), key })
  return response.writeHead(202, { "content-type": "application/json" }).end(JSON.stringify(receipt))
}

const server = createServer((request, response) => {
  const route = `${request.method} ${request.url}`
  if (route === "GET /") response.writeHead(200, { "content-type": "text/html" }).end(page)
  else if (route === "GET /events") sendEvents(request, response).catch(() => response.end())
  else if (route === "POST /messages") {
    takeMessage(request, response).catch((error: Error) => response.writeHead(400).end(`${error.message}\n`))
  } else response.writeHead(404).end()
})

server.listen(Number(process.argv[2] ?? 3000), "127.0.0.1", () => {
  const address = server.address()
  console.log(`Open http://127.0.0.1:${typeof address === "object" && address?.port}`)
})

process.once("SIGINT", () => {
  server.close()
  server.closeAllConnections()
  void manager.close()
})
