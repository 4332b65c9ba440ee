// Stores and providers made from plain data, such as a configuration file, and kinds of your own.

export { ConfigurationError } from "../domain/error/RequestError.js"
export { DateTimeFromInput, DurationFromInput } from "../domain/Input.js"
export {
  AnthropicConfig,
  ChatCompletionsConfig,
  defineProviderKind,
  MockConfig,
  OpenAiConfig,
  type ProviderConfigs,
  type ProviderKind,
  Providers
} from "../layers/Providers.js"
export {
  defineStoreKind,
  MemoryConfig,
  SessionStores,
  SqliteConfig,
  type StoreConfigs,
  type StoreKind
} from "../layers/SessionStores.js"
