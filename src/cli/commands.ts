import type { Command, CommandEntry, CommandGroup } from "./command.js"

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
        " ID --from 12",
        async () => (await import("./watch.js")).watch
      ),
      entry("pending", "List the turns that wait", " ID", async () => (await turns()).pending),
      entry(
        "edit",
        "Change the message of a turn that waits",
        " ID TURN \"Hello again\"",
        async () => (await turns()).edit
      ),
      entry("stop", "Stop the running turn, or drop one that waits", " ID", async () => (await turns()).stop)
    ]
  },
  {
    title: "Look up sessions",
    example: "langswarm-session list --user ada --status active",
    commands: [
      entry("list", "List sessions, newest first", " --user ada --status active", async () => (await sessions()).list),
      entry("show", "Show a session's settings, context and metrics", " ID", async () => (await sessions()).show),
      entry(
        "messages",
        "Print a session's messages",
        " ID --newest --limit 10",
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
    example: "langswarm-session fork ID --at 4",
    commands: [
      entry(
        "configure",
        "Change a session's provider, model or settings",
        " ID --provider anthropic --model claude-opus-5",
        async () => (await changes()).configure
      ),
      entry("fork", "Start a session with the same history", " ID --at 4", async () => (await changes()).fork),
      entry("rewind", "Remove the messages after one", " ID --to 4", async () => (await changes()).rewind),
      entry("reactivate", "Reopen an archived or failed session", " ID", async () => (await changes()).reactivate)
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
      entry(
        "health",
        "Show whether the server can store messages, what is in use, and its limits",
        "",
        async () => (await store()).health
      ),
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
