import * as Redacted from "effect/Redacted"

const grammar = /^[A-Za-z0-9._~+/-]+=*$/
const minLength = 16
const maxLength = 512

/**
 * Why a token cannot protect a server, in words; undefined when it can. The grammar is that of RFC 6750.
 */
export const tokenProblem = (token: Redacted.Redacted<string>): string | undefined => {
  const { length } = Redacted.value(token)
  if (length === 0) return "is empty"
  if (length < minLength || length > maxLength) return `must have ${minLength} to ${maxLength} characters`
  return grammar.test(Redacted.value(token)) ? undefined : "may hold letters, digits and -._~+/ only"
}
