import type { ProviderError } from "../../../domain/error/ProviderError.js"

/** The HTTP status of the vendor's answer, where there was one. */
export const statusOf = ({ context }: ProviderError): number | undefined => {
  const status = context?.["status"]
  return typeof status === "number" ? status : undefined
}
