import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type {
  AnthropicProviderOptions,
  ChatCompletionsProvider,
  LocalSessionHost,
  MemorySessionStoreOptions,
  MockProviderOptions,
  OpenAiProviderOptions,
  SendMessage,
  SessionConfig,
  SqliteSessionStore
} from "langswarm-session"
import type { ConnectOptions, SessionClient } from "langswarm-session/client"
import type { SessionManagerOptions } from "langswarm-session/promise"
import type { SessionServerOptions } from "langswarm-session/rpc"

/** All options of these types. The compiler keeps the lists complete. */
type All<Options> = { readonly [Name in keyof Required<Options>]: true }

const host: All<LocalSessionHost.LocalSessionHostOptions> = {
  checkpointEvery: true,
  circuitFailures: true,
  circuitOpenFor: true,
  drainTimeout: true,
  historyTokens: true,
  historyWindow: true,
  idleAfter: true,
  mailboxCapacity: true,
  maxOpenTurns: true,
  maxTurnTime: true,
  providerRetries: true,
  streamBuffer: true,
  sweepEvery: true
}
const session: All<SessionConfig> & Omit<All<SendMessage>, "content" | "metadata"> = {
  autoArchiveAfter: true,
  autoDeleteAfter: true,
  customSettings: true,
  description: true,
  fallbacks: true,
  historyMessages: true,
  historyTokens: true,
  key: true,
  maxMessages: true,
  maxTokensPerMessage: true,
  name: true,
  onUnknown: true,
  providerConfig: true,
  sessionTimeoutMinutes: true,
  stopOnDisconnect: true,
  tags: true,
  timeout: true,
  whenBusy: true
}
const stores: All<MemorySessionStoreOptions & SqliteSessionStore.SqliteSessionStoreOptions> = {
  backups: true,
  durability: true,
  filename: true,
  maxSessions: true
}
const providers: All<
  & OpenAiProviderOptions
  & AnthropicProviderOptions
  & ChatCompletionsProvider.ChatCompletionsProviderOptions
  & MockProviderOptions
> = {
  apiKey: true,
  baseUrl: true,
  capabilities: true,
  chunkDelay: true,
  chunkSize: true,
  conversation: true,
  defaultConfig: true,
  delay: true,
  errorRate: true,
  firstByteTimeout: true,
  idleTimeout: true,
  maxLineBytes: true,
  maxReplyBytes: true,
  name: true,
  pattern: true,
  seed: true,
  vendor: true
}
const server: All<SessionServerOptions> = {
  allowedHosts: true,
  allowedOrigins: true,
  drainTimeout: true,
  host: true,
  port: true,
  token: true
}
const client: All<SessionClient.SessionClientOptions & ConnectOptions> = {
  drainTimeout: true,
  resumeFor: true,
  token: true,
  transport: true,
  url: true
}
const promise: Omit<All<SessionManagerOptions>, keyof typeof host> = {
  hooks: true,
  middleware: true,
  preset: true,
  pricing: true,
  providerKinds: true,
  providers: true,
  storage: true,
  storeKinds: true
}

const sections = {
  Host: host,
  Session: session,
  Stores: stores,
  Providers: providers,
  Server: server,
  Client: client,
  "Without Effect": promise
}

describe("docs/configuration.md", () => {
  for (const [title, options] of Object.entries(sections)) {
    it.effect(`has every option under "${title}"`, () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const text = yield* fs.readFileString(new URL("../../docs/configuration.md", import.meta.url).pathname)
        const [, section = ""] = text.split(`\n## ${title}\n`)
        const [own = ""] = section.split("\n## ")
        assert.deepStrictEqual(Object.keys(options).filter((name) => !own.includes(`\`${name}\``)), [])
      }).pipe(Effect.provide(NodeContext.layer)))
  }
})
