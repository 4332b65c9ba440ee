// @effect-diagnostics globalConsole:off
// oxlint-disable no-console -- this one is of somebody who does not write Effect
import {
  createSessionManager,
  defineMiddleware,
  getOrCreateSession,
  refuse,
  withSession
} from "langswarm-session/promise"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { journal } from "./customStore.js"

/** Refuses what is too long, before anything is stored. */
const brevity = defineMiddleware({
  name: "brevity",
  admission: async (prompt) => JSON.stringify(prompt.parts).length > 120 ? refuse("please keep it short") : prompt
})

const told: Array<string> = []
const directory = await mkdtemp(join(tmpdir(), "promise-"))
const manager = await createSessionManager({
  storeKinds: [journal],
  storage: { kind: "journal", filename: join(directory, "journal") },
  providers: { mock: true },
  middleware: [brevity],
  hooks: [{ name: "counter", on: async ({ _tag }) => void told.push(_tag) }]
})

const session = await getOrCreateSession(manager, { userId: "ada" })
const reply = await session.send("Hello")
console.log(reply.text)

for await (const event of session.stream("And now in verse")) {
  if (event._tag === "TurnDelta") console.log(event.text.trim())
}

try {
  await withSession(session, ({ send }) => send("A message that goes on and on. ".repeat(5)))
} catch (error) {
  console.log(error instanceof Error && error.message)
}
console.log((await session.info()).status)

await manager.close()
console.log(`${told.length} events were told`)
await rm(directory, { recursive: true })
