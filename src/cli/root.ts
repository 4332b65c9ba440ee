import * as Effect from "effect/Effect"
import type { Command, CommandEnvironment } from "./command.js"
import { commandHelp, rootHelp } from "./help.js"
import { reportError } from "./run.js"
import { boldStyle, print } from "./streams.js"
import { suggest, UsageError } from "./usage.js"
import { version } from "./version.js"

/**
 * A command in the table: what help lists, and how to load the rest.
 */
export interface CommandEntry {
  readonly name: string
  readonly summary: string
  readonly example: string
  /** Loads the command's module, so that each command pays only for what it needs. */
  readonly load: () => Promise<Command>
}

export interface CommandGroup {
  readonly title: string
  readonly example: string
  readonly commands: ReadonlyArray<CommandEntry>
}

const changes = () => import("./changes.js")
const server = () => import("./server.js")
const sessions = () => import("./sessions.js")
const store = () => import("./store.js")
const transfer = () => import("./transfer.js")
const turns = () => import("./turns.js")

const entry = (name: string, summary: string, args: string, load: () => Promise<Command>): CommandEntry => ({
  name,
  summary,
  example: `langswarm-session ${name}${args}`,
  load
})

/**
 * All commands, in the order of the help.
 */
export const groups: ReadonlyArray<CommandGroup> = [
  {
    title: "Start a server",
    example: "langswarm-session serve --port 4080",
    commands: [
      entry(
        "serve",
        "Run the server; sessions are stored in SQLite",
        " --port 4080",
        async () => (await server()).serve
      )
    ]
  },
  {
    title: "Talk",
    example: "langswarm-session chat --provider openai --model gpt-5",
    commands: [
      entry(
        "chat",
        "Talk in the terminal, or send each line of a pipe",
        " --provider openai --model gpt-5",
        async () => (await import("./chat.js")).chat
      ),
      entry("send", "Send one message and print the reply", " \"Hello\"", async () => (await import("./send.js")).send),
      entry(
        "watch",
        "Print past and new events of a session",
        " 01J9ZK2T --from 12",
        async () => (await import("./watch.js")).watch
      ),
      entry("pending", "List the turns that wait", " 01J9ZK2T", async () => (await turns()).pending),
      entry(
        "edit",
        "Change the message of a turn that waits",
        " 01J9ZK2T 01JA0P4B \"Hello again\"",
        async () => (await turns()).edit
      ),
      entry("stop", "Stop the running turn, or drop one that waits", " 01J9ZK2T", async () => (await turns()).stop)
    ]
  },
  {
    title: "Look up sessions",
    example: "langswarm-session list --user ada --status active",
    commands: [
      entry("list", "List sessions, newest first", " --user ada --status active", async () => (await sessions()).list),
      entry("show", "Show a session's settings, context and metrics", " 01J9ZK2T", async () => (await sessions()).show),
      entry(
        "messages",
        "Print a session's messages",
        " 01J9ZK2T --newest --limit 10",
        async () => (await sessions()).messages
      ),
      entry(
        "search",
        "Search messages and session names",
        " \"white whale\" --user ada",
        async () => (await sessions()).search
      ),
      entry("providers", "List the providers and what each can do", "", async () => (await sessions()).providers),
      entry(
        "analytics",
        "Show usage over a period",
        " --since 2026-01-01 --by model",
        async () => (await store()).analytics
      )
    ]
  },
  {
    title: "Change sessions",
    example: "langswarm-session fork 01J9ZK2T --at 4",
    commands: [
      entry(
        "configure",
        "Change a session's provider, model or settings",
        " 01J9ZK2T --provider anthropic --model claude-opus-5",
        async () => (await changes()).configure
      ),
      entry("fork", "Start a session with the same history", " 01J9ZK2T --at 4", async () => (await changes()).fork),
      entry("rewind", "Remove the messages after one", " 01J9ZK2T --to 4", async () => (await changes()).rewind),
      entry("reactivate", "Reopen an archived or failed session", " 01J9ZK2T", async () => (await changes()).reactivate)
    ]
  },
  {
    title: "Move and remove data",
    example: "langswarm-session export --output sessions.jsonl",
    commands: [
      entry(
        "export",
        "Export one session, or all that match",
        " --output sessions.jsonl",
        async () => (await transfer()).exportSessions
      ),
      entry("import", "Restore exported sessions", " sessions.jsonl", async () => (await transfer()).importSessions),
      entry("erase", "Remove all data of a user", " ada", async () => (await transfer()).erase),
      entry(
        "cleanup",
        "Delete or archive idle sessions",
        " --older-than 30d --dry-run",
        async () => (await transfer()).cleanup
      )
    ]
  },
  {
    title: "Maintain the store",
    example: "langswarm-session backup monday",
    commands: [
      entry("stats", "Show what the store holds, its size and its backups", "", async () => (await store()).stats),
      entry("backup", "Copy all sessions while the server runs", " monday", async () => (await store()).backup),
      entry("optimize", "Free the store's unused space", "", async () => (await store()).optimize),
      entry("migrate", "Upgrade the database of a stopped server", " --check", async () => (await server()).migrate),
      entry(
        "dead-letters",
        "List events that hooks failed to handle",
        " --hook audit",
        async () => (await store()).deadLetters
      ),
      entry("replay", "Deliver dead letters to their hooks again", " --hook audit", async () => (await store()).replay)
    ]
  }
]

/**
 * The command `langswarm-session`, with the words that follow its name. Errors are reported on standard error, and then fail
 * the effect: `exitCode` turns them into the exit code.
 */
export const root = (words: ReadonlyArray<string>): Effect.Effect<void, Error, CommandEnvironment> =>
  dispatch(words).pipe(
    Effect.tapError(reportError(words.includes("--json"))),
    Effect.tapDefect((cause) => Effect.logFatal("langswarm-session has a defect", cause))
  )

const dispatch = ([first, ...rest]: ReadonlyArray<string>): Effect.Effect<void, Error, CommandEnvironment> => {
  if (first === "--version") return print(version)
  const [name, words] = first === "help" ? [rest[0], ["--help"]] : [first, rest]
  if (name === undefined || isHelp(name)) return Effect.flatMap(boldStyle, (bold) => print(rootHelp(groups, bold)))
  return Effect.gen(function*() {
    const entry = yield* findEntry(name)
    const command = yield* Effect.promise(entry.load)
    if (asksForHelp(words)) return yield* print(commandHelp(entry, command, yield* boldStyle))
    yield* Effect.mapError(command.run(words), (error) => error instanceof UsageError ? withHelp(error, name) : error)
  })
}

const isHelp = (word: string) => word === "--help" || word === "-h"

const asksForHelp = (words: ReadonlyArray<string>) => {
  const end = words.indexOf("--")
  return words.slice(0, end < 0 ? words.length : end).some(isHelp)
}

const findEntry = (name: string): Effect.Effect<CommandEntry, UsageError> => {
  const entries = groups.flatMap(({ commands }) => commands)
  const found = entries.find((entry) => entry.name === name)
  if (found !== undefined) return Effect.succeed(found)
  const problem = name.startsWith("-")
    ? `unknown option "${name}" before the command: options follow the command's name`
    : `unknown command "${name}"`
  const hint = suggest(name, [...entries.map((entry) => entry.name), "--help", "--version"])
  return Effect.fail(new UsageError({ problem, hint: hint || "langswarm-session --help lists the commands" }))
}

/** An error that has no hint of its own gets the way to the command's help. */
const withHelp = ({ hint, problem }: UsageError, name: string) =>
  new UsageError({ problem, hint: hint || `see langswarm-session ${name} --help` })
