import type { JsonRecord } from "../../../domain/JsonRecord.js"
import type { Provider } from "../../Provider.js"
import type { Target } from "./Target.js"

/**
 * What a provider is given as its configuration.
 */
export const configOf = ({ defaultConfig }: Provider, { config }: Target): JsonRecord =>
  defaultConfig ? { ...defaultConfig, ...config } : config
