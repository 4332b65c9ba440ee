// Stores and providers made from plain data, such as a configuration file, and kinds of your own.

export { ConfigurationError } from "../domain/error/RequestError.js"
export { DateTimeFromInput, DurationFromInput } from "../domain/Input.js"
export { defineProviderKind, type ProviderConfigs, type ProviderKind, Providers } from "../layers/Providers.js"
export { defineStoreKind, SessionStores, type StoreConfigs, type StoreKind } from "../layers/SessionStores.js"
