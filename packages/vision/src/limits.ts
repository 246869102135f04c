/** What an encoded image may take, unless the options of `decode` say otherwise. */
export interface ImageLimits {
  /** Pixels of the decoded image, checked before decoding where the file tells them. */
  readonly maxPixels: number
  /** Bytes of a file or a body, after the transfer's own compression. */
  readonly maxBytes: number
  /** Milliseconds that a server may send nothing. */
  readonly stallTimeoutMs: number
}

/** The defaults: 100 million pixels, 64 MiB, 30 seconds. */
export const imageLimits: ImageLimits = {
  maxPixels: 100_000_000,
  maxBytes: 2 ** 26,
  stallTimeoutMs: 30_000,
}

/** Bytes from the beginning in which a file has shown what it is: as many as libvips looks at for an SVG. */
export const sniffedBytes = 1024
