import * as Path from "@effect/platform/Path"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { MockProvider } from "../layers/provider/MockProvider.js"
import { Providers } from "../layers/Providers.js"
import * as SessionRuntime from "../layers/SessionRuntime.js"
import * as SqliteSessionStore from "../layers/store/SqliteSessionStore.js"
import * as AccessToken from "../rpc/AccessToken.js"
import { SessionServer, type SessionServerOptions } from "../rpc/SessionServer.js"
import { ProviderRegistry } from "../services/ProviderRegistry.js"
import { defineCommand } from "./command.js"
import { connectionFlags, dataDir } from "./connection.js"
import { json } from "./options.js"
import { printJson } from "./output.js"
import { choice, flag, integer, optionOr, type Reader, repeatedOption, text } from "./parameters.js"
import { print } from "./Streams.js"
import { version } from "./version.js"

/** `NAME=VALUE`: a number, or a duration for `unreadTimeout`. `SessionServer` checks the names. */
const limit: Reader<readonly [name: string, value: number | string]> = {
  placeholder: "NAME=VALUE",
  expected: "the name of a limit and its value, such as connections=5000",
  read: (text) => {
    const [, name, value] = /^([a-zA-Z]+)=(.+)$/.exec(text) ?? []
    if (name === undefined || value === undefined) return Option.none()
    return Option.some([name, /^\d+$/.test(value) ? Number(value) : value] as const)
  }
}

/**
 * `serve`: a server with all sessions in one SQLite file, until it is interrupted.
 */
export const serve = defineCommand(
  {
    options: {
      host: optionOr("host", text("ADDRESS"), "Address to listen on; only this machine reaches 127.0.0.1", "127.0.0.1"),
      port: optionOr("port", integer(0, 65_535), "Port to listen on; 0 takes a free one", "4080"),
      durability: optionOr(
        "durability",
        choice("disk", "process"),
        "What an acknowledged message survives: a power cut (disk), or a killed process",
        "disk"
      ),
      drain: optionOr("drain", integer(0, 25), "Seconds that running turns get when the server stops, up to 25", "20"),
      allowedHost: repeatedOption(
        "allowed-host",
        text("NAME"),
        "Further name that callers may use for this server, such as chat.example.com; may be repeated",
        { variable: "LANGSWARM_SESSION_ALLOWED_HOSTS" }
      ),
      allowedOrigin: repeatedOption(
        "allowed-origin",
        text("ORIGIN"),
        "Origin of web pages that may call, such as https://chat.example.com; may be repeated",
        { variable: "LANGSWARM_SESSION_ALLOWED_ORIGINS" }
      ),
      trustedProxy: repeatedOption(
        "trusted-proxy",
        text("ADDRESS"),
        "Address of a proxy whose X-Forwarded-For names the client; may be repeated",
        { variable: "LANGSWARM_SESSION_TRUSTED_PROXIES" }
      ),
      limit: repeatedOption(
        "limit",
        limit,
        "Changes a limit, such as connections=5000; health shows all; may be repeated",
        { variable: "LANGSWARM_SESSION_LIMITS" }
      ),
      dataDir
    },
    arguments: {},
    environment: [
      ["OPENAI_API_KEY", "Offers the provider openai"],
      ["OPENAI_BASE_URL", "Address of OpenAI's API, if not its own"],
      ["ANTHROPIC_API_KEY", "Offers the provider anthropic"],
      ["ANTHROPIC_BASE_URL", "Address of Anthropic's API, if not its own"],
      ["CHAT_COMPLETIONS_BASE_URL", "Offers the provider chat: any server with OpenAI's chat completions"],
      ["CHAT_COMPLETIONS_API_KEY", "Key of that server, if it needs one"]
    ]
  },
  Effect.fnUntraced(function*({ dataDir, drain, durability, host, port, ...access }) {
    const path = yield* Path.Path
    const token = yield* AccessToken.loadOrCreate(dataDir)
    const filename = path.join(dataDir, "sessions.db")
    // The server drains its calls first, then the runtime the turns that no caller waits for.
    const drainTimeout = Duration.seconds(drain / 2)
    const announceStart = Effect.gen(function*() {
      const { url } = yield* SessionServer
      const offered = yield* Effect.flatMap(ProviderRegistry, (registry) => registry.list)
      yield* print(
        [
          `langswarm-session ${version} is listening on ${url} (WebSocket and HTTP)`,
          `  sessions  ${filename}, durability ${durability}`,
          `  providers ${offered.map(({ name }) => name).join(", ")}`,
          `  token     ${path.join(dataDir, "token")}`,
          `  try       npx langswarm-session send${connectionFlags({ url, dataDir })} "Hello"`,
          "  stop      Ctrl-C"
        ].join("\n")
      )
    })
    const announceStop = Effect.addFinalizer(() =>
      print(`Stopping: running turns have ${drain} seconds. Another Ctrl-C stops at once`)
    )

    const options: SessionServerOptions = {
      token,
      host,
      port,
      allowedHosts: access.allowedHost,
      allowedOrigins: access.allowedOrigin,
      trustedProxies: access.trustedProxy,
      limits: Object.fromEntries(access.limit),
      drainTimeout
    }
    // Before the database is opened, or made.
    yield* SessionServer.check(options)
    yield* SessionServer.layer(options).pipe(
      Layer.tap((context) => Effect.provide(announceStart, context)),
      (server) => Layer.provideMerge(Layer.scopedDiscard(announceStop), server),
      Layer.provide(SessionRuntime.layerProduction({ filename, durability, drainTimeout })),
      Layer.provide(providers),
      Layer.launch
    )
  })
)

/** A variable that is set to nothing counts as not set. */
const key = (name: string) =>
  Config.option(Config.redacted(name)).pipe(Config.map(Option.filter((key) => Redacted.value(key).trim() !== "")))

const address = (name: string) =>
  Config.option(Config.string(name)).pipe(Config.map(Option.filter((address) => address.trim() !== "")))

/** Reads no setting that can be wrong: a missing variable is none. */
const settings = Effect.orDie(Config.all({
  openAiKey: key("OPENAI_API_KEY"),
  openAiUrl: address("OPENAI_BASE_URL"),
  anthropicKey: key("ANTHROPIC_API_KEY"),
  anthropicUrl: address("ANTHROPIC_BASE_URL"),
  chatKey: key("CHAT_COMPLETIONS_API_KEY"),
  chatUrl: address("CHAT_COMPLETIONS_BASE_URL")
}))

const at = (baseUrl: Option.Option<string>) => (Option.isSome(baseUrl) ? { baseUrl: baseUrl.value } : {})

/** The providers that the environment has a key or an address for. */
const vendors = Layer.unwrapEffect(
  Effect.map(settings, ({ anthropicKey, anthropicUrl, chatKey, chatUrl, openAiKey, openAiUrl }) => {
    const openAi = Option.map(openAiKey, (apiKey) => Providers.create("openai", { apiKey, ...at(openAiUrl) }))
    const anthropic = Option.map(
      anthropicKey,
      (apiKey) => Providers.create("anthropic", { apiKey, ...at(anthropicUrl) })
    )
    const chat = Option.map(
      chatUrl,
      (baseUrl) =>
        Providers.create("chatCompletions", { baseUrl, ...(Option.isSome(chatKey) && { apiKey: chatKey.value }) })
    )
    return Layer.mergeAll(Layer.empty, ...[openAi, anthropic, chat].flatMap(Option.toArray))
  })
).pipe(Layer.provide(Providers.layer()))

const providers = Layer.merge(MockProvider.layer(), vendors).pipe(Layer.provideMerge(ProviderRegistry.layer()))

/**
 * `migrate`: upgrades the database of a stopped server. The next start of the server would do the same.
 */
export const migrate = defineCommand(
  {
    options: { dataDir, check: flag("check", "Print the versions and change nothing"), json },
    arguments: {}
  },
  Effect.fnUntraced(function*({ check, dataDir, json }) {
    const { join } = yield* Path.Path
    const filename = join(dataDir, "sessions.db")
    if (check) {
      const { newest, upToDate, version } = yield* SqliteSessionStore.status(filename)
      if (json) return yield* printJson(Checked, { from: version, to: newest, upToDate })
      return yield* print(
        upToDate
          ? `The database is up to date: schema ${newest}.`
          : version > newest
          ? `The database has schema ${version}, from a newer version than this one, which knows ${newest}.`
          : version === newest
          ? `The database has an early form of schema ${newest}; migrate would complete it.`
          : `The database has schema ${version}; migrate would upgrade it to ${newest}.`
      )
    }
    const { copy, from, to } = yield* SqliteSessionStore.migrate(filename)
    if (json) return yield* printJson(Migrated, { from, to, ...(copy !== undefined && { copy }) })
    yield* print(
      copy !== undefined
        ? `The database was upgraded from schema ${from} to ${to}. ${copy} is a copy of it as it was.`
        : from === to
        ? `The database is up to date: schema ${to}.`
        : `The database was upgraded from schema ${from} to ${to}.`
    )
  })
)

const Checked = Schema.Struct({ from: Schema.Int, to: Schema.Int, upToDate: Schema.Boolean })

const Migrated = Schema.Struct({ from: Schema.Int, to: Schema.Int, copy: Schema.optional(Schema.String) })
