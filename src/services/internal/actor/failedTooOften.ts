/** Why a session in status `error` does not answer. */
export const failedTooOften = "it failed again and again; reactivate it once that is mended"
