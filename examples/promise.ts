// @effect-diagnostics globalConsole:off
// oxlint-disable no-console -- a program that does not use Effect
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

/** Refuses messages that are too long, before anything is stored. */
const brevity = defineMiddleware({
  name: "brevity",
  admission: async (prompt) => JSON.stringify(prompt.parts).length > 120 ? refuse("please keep it short") : prompt
})

const seen: Array<string> = []
const directory = await mkdtemp(join(tmpdir(), "promise-"))
const manager = await createSessionManager({
  storeKinds: [journal],
  storage: { kind: "journal", filename: join(directory, "journal") },
  providers: { mock: true },
  middleware: [brevity],
  hooks: [{ name: "counter", on: async ({ _tag }) => void seen.push(_tag) }]
})

const session = await getOrCreateSession(manager, { userId: "ada" })
const reply = await session.send("Hello")
console.log(reply.text)

for await (const event of session.stream("And now word by word")) {
  if (event._tag === "TurnDelta") process.stdout.write(event.text)
}
console.log()

try {
  await withSession(session, ({ send }) => send("A message with far too many words. ".repeat(4)))
} catch (error) {
  console.log(error instanceof Error && error.message)
}
console.log(`the session is ${(await session.info()).status}`)

await manager.close()
console.log(`the hook received ${seen.length} events`)
await rm(directory, { recursive: true })
