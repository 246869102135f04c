/** What an encoded image may take, unless the options of `decode` say otherwise. */
export const imageLimits = {
  /** Pixels of the decoded image, checked before decoding where the file tells them. */
  maxPixels: 100_000_000,
  /** Bytes of a file or a body, after the transfer's own compression: 64 MiB. */
  maxBytes: 2 ** 26,
  /** Milliseconds that a server may send nothing. */
  stallTimeoutMs: 30_000,
} as const

/** Bytes from the beginning in which a file has shown what it is: as many as libvips looks at for an SVG. */
export const sniffedBytes = 1024
