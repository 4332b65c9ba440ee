const own = /^(?:accept|anthropic-(?:beta|version)|content-type|user-agent|x-stainless-.*)$/

/**
 * Fetches with the headers that the SDK itself gives, and the key. The SDK adds those of `ANTHROPIC_CUSTOM_HEADERS` to any
 * client, and there is no option against it.
 */
export const ownHeaders =
  (apiKey: string, fetch: typeof globalThis.fetch): typeof globalThis.fetch => (input, init) => {
    const headers = new Headers()
    for (const [name, value] of new Headers(init?.headers)) if (own.test(name)) headers.set(name, value)
    headers.set("authorization", `Bearer ${apiKey}`)
    return fetch(input, { ...init, headers })
  }
