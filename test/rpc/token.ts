import { Redacted } from "effect"

export const token = Redacted.make("token-of-the-tests")
