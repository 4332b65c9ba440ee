// For authors of providers. `docs/providers.md` shows how to write one.

export {
  EmptyReply,
  ProviderAuth,
  ProviderError,
  ProviderProtocol,
  ProviderQuota,
  ProviderRejected,
  ProviderTransient
} from "../domain/error/ProviderError.js"
export { ConfigurationError } from "../domain/error/RequestError.js"
export { MessageId, SessionId, TurnId } from "../domain/Ids.js"
export { JsonRecord, type JsonValue } from "../domain/Json.js"
export {
  FilePart,
  FinishReason,
  ImagePart,
  InputPart,
  Message,
  OpaquePart,
  Part,
  PartSource,
  Role,
  TextPart,
  TokenUsage,
  ToolCallPart,
  ToolResultPart
} from "../domain/Message.js"
export { ModelName, ProviderCapabilities, ProviderCursor, ProviderInfo, ProviderName } from "../domain/Provider.js"
export {
  defineProvider,
  omittedText,
  type OpenOptions,
  type Provider,
  type ProviderDefinition,
  ProviderEvent,
  type ProviderRequest,
  type ProviderSession,
  type Reply
} from "../services/Provider.js"
export { ProviderRegistry } from "../services/ProviderRegistry.js"
