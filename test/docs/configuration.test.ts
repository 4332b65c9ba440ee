import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { ConnectOptions } from "../../src/client/connectSessionManager.js"
import type { SessionClientOptions } from "../../src/client/SessionClient.js"
import type { SendMessage } from "../../src/domain/Send.js"
import type { SessionConfig } from "../../src/domain/SessionConfig.js"
import type { LocalSessionHostOptions } from "../../src/layers/host/LocalSessionHost.js"
import type { AnthropicProviderOptions } from "../../src/layers/provider/AnthropicProvider.js"
import type { ChatCompletionsProviderOptions } from "../../src/layers/provider/ChatCompletionsProvider.js"
import type { MockProviderOptions } from "../../src/layers/provider/MockProvider.js"
import type { OpenAiProviderOptions } from "../../src/layers/provider/OpenAiProvider.js"
import type { MemorySessionStoreOptions } from "../../src/layers/store/MemorySessionStore.js"
import type { SqliteSessionStoreOptions } from "../../src/layers/store/SqliteSessionStore.js"
import type { SessionManagerOptions } from "../../src/promise/createSessionManager.js"
import type { ServerLimits } from "../../src/rpc/ServerLimits.js"
import type { SessionServerOptions } from "../../src/rpc/SessionServer.js"

/** Lists all options of a type. The compiler keeps the list complete. */
type All<Options> = { readonly [Name in keyof Required<Options>]: true }

const host: All<LocalSessionHostOptions> = {
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
const stores: All<MemorySessionStoreOptions & SqliteSessionStoreOptions> = {
  backups: true,
  durability: true,
  filename: true,
  maxSessions: true
}
const providers: All<
  & OpenAiProviderOptions
  & AnthropicProviderOptions
  & ChatCompletionsProviderOptions
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
  limits: true,
  port: true,
  token: true,
  trustedProxies: true
}
const limits: All<ServerLimits> = {
  callBurst: true,
  calls: true,
  callsPerConnection: true,
  callsPerSecond: true,
  connections: true,
  connectionsPerAddress: true,
  encodingBytes: true,
  newConnectionsPerMinute: true,
  streams: true,
  streamsPerConnection: true,
  unauthorizedConnections: true,
  unreadBytes: true,
  unreadTimeout: true,
  wrongTokensPerMinute: true
}
const client: All<SessionClientOptions & ConnectOptions> = {
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
  Server: { ...server, ...limits },
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
