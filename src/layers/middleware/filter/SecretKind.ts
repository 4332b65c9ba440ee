/**
 * What of a person or a machine must not get out.
 */
export type SecretKind = "ssn" | "creditCard" | "email" | "phone" | "apiKey"
