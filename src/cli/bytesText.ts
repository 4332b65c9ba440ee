const units = ["bytes", "KiB", "MiB", "GiB", "TiB"]

/**
 * How much that is, for people: `3.2 MiB`.
 */
export const bytesText = (bytes: number, [unit = "", ...larger] = units): string =>
  bytes < 1024 || larger.length === 0
    ? `${unit === "bytes" ? bytes : bytes.toFixed(1)} ${unit}`
    : bytesText(bytes / 1024, larger)
