import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Path from "@effect/platform/Path"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { MockProvider } from "../layers/provider/MockProvider.js"
import { Providers } from "../layers/Providers.js"
import * as SessionRuntime from "../layers/SessionRuntime.js"
import * as AccessToken from "../rpc/AccessToken.js"
import { SessionServer } from "../rpc/SessionServer.js"
import { ProviderRegistry } from "../services/ProviderRegistry.js"
import { dataDir, defaultDataDir, defaultUrl } from "./connection.js"
import { version } from "./version.js"

/** A variable that is set to nothing is not set. */
const key = (name: string) =>
  Config.option(Config.redacted(name)).pipe(Config.map(Option.filter((key) => Redacted.value(key).trim() !== "")))

const address = (name: string) =>
  Config.option(Config.string(name)).pipe(Config.map(Option.filter((address) => address.trim() !== "")))

const settings = Config.all({
  openAiKey: key("OPENAI_API_KEY"),
  openAiUrl: address("OPENAI_BASE_URL"),
  anthropicKey: key("ANTHROPIC_API_KEY"),
  anthropicUrl: address("ANTHROPIC_BASE_URL"),
  chatKey: key("CHAT_COMPLETIONS_API_KEY"),
  chatUrl: address("CHAT_COMPLETIONS_BASE_URL")
})

const at = (baseUrl: Option.Option<string>) => (Option.isSome(baseUrl) ? { baseUrl: baseUrl.value } : {})

/**
 * The vendors that the environment has a key for: `openai` with `OPENAI_API_KEY`, `anthropic` with `ANTHROPIC_API_KEY`, each
 * at another address with `OPENAI_BASE_URL` or `ANTHROPIC_BASE_URL`; and `chat`, any server that speaks chat completions, at
 * `CHAT_COMPLETIONS_BASE_URL`, with `CHAT_COMPLETIONS_API_KEY` if it wants one.
 */
export const vendors = Layer.unwrapEffect(
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

const options = {
  host: Options.text("host").pipe(
    Options.withDescription("The address to bind; only this machine reaches 127.0.0.1"),
    Options.withDefault("127.0.0.1")
  ),
  port: Options.integer("port").pipe(Options.withDescription("0 takes a free one"), Options.withDefault(4080)),
  durability: Options.choice("durability", ["disk", "process"]).pipe(
    Options.withDescription("What an acknowledged message survives: a power cut, or a killed process"),
    Options.withDefault("disk")
  ),
  drain: Options.integer("drain").pipe(
    Options.withDescription("For how many seconds running turns may go on once the server is to stop; at most 25"),
    Options.withSchema(
      Schema.Int.pipe(Schema.between(0, 25, { message: () => "--drain must be from 0 to 25 seconds" }))
    ),
    Options.withDefault(20)
  ),
  dataDir
}

const providers = Layer.merge(MockProvider.layer(), vendors).pipe(Layer.provideMerge(ProviderRegistry.layer()))

/**
 * `serve`: the server, with all sessions in one SQLite file, until it is told to stop.
 */
export const serve = Command.make(
  "serve",
  options,
  Effect.fnUntraced(function*({ dataDir, drain, durability, host, port }) {
    const path = yield* Path.Path
    const token = yield* AccessToken.loadOrCreate(dataDir)
    const filename = path.join(dataDir, "sessions.db")
    // Calls first, and then the turns that nobody waits for.
    const drainTimeout = Duration.seconds(drain / 2)
    const announce = Effect.gen(function*() {
      const { url } = yield* SessionServer
      const offered = yield* Effect.flatMap(ProviderRegistry, (registry) => registry.list)
      yield* Console.log(
        [
          `langswarm-session ${version} is listening on ${url} (WebSocket and HTTP)`,
          `  sessions  ${filename}, durability ${durability}`,
          `  providers ${offered.map(({ name }) => name).join(", ")}`,
          `  token     ${path.join(dataDir, "token")}`,
          `  try       npx langswarm-session send${connectionFlags(url, dataDir)} "Hello"`,
          "  stop      Ctrl-C"
        ].join("\n")
      )
    })
    const announceStop = Effect.addFinalizer(() =>
      Console.log(`Stopping: running turns have ${drain} seconds. The next signal stops at once`)
    )

    yield* SessionServer.layer({ token, host, port, drainTimeout }).pipe(
      Layer.tap((context) => Effect.provide(announce, context)),
      (server) => Layer.provideMerge(Layer.scopedDiscard(announceStop), server),
      Layer.provide(SessionRuntime.layerProduction({ filename, durability, drainTimeout })),
      Layer.provide(providers),
      Layer.launch
    )
  })
).pipe(Command.withDescription("Serve sessions, kept in SQLite, until told to stop"))

const connectionFlags = (url: string, dir: string): string =>
  (url === defaultUrl ? "" : ` --url ${url}`) + (dir === defaultDataDir ? "" : ` --data-dir ${dir}`)
