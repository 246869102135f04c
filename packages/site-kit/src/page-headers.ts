/** What a page may do besides running its own scripts. */
export interface PageRights {
  /** Origins it may talk to besides its own. */
  readonly connect?: readonly string[]
  /** Use the camera. */
  readonly camera?: boolean
  /** Show pages of its own origin in frames. */
  readonly frames?: boolean
  /** Be shown in a frame by pages of any origin, isolated ones too. */
  readonly framed?: boolean
  /** Run scripts and workers that it made itself, as foreign runtimes do. */
  readonly madeScripts?: boolean
}

/**
 * The headers that every file of a page is sent with: it may run its own scripts alone, compile WebAssembly, and talk to its own
 * origin. Isolation lets workers share memory, which several threads take.
 */
export function pageHeaders({
  connect = [],
  camera = false,
  frames = false,
  framed = false,
  madeScripts = false,
}: PageRights = {}): Record<string, string> {
  const made = madeScripts ? ['blob:'] : []
  const policy = {
    'default-src': ["'none'"],
    'script-src': ["'self'", "'wasm-unsafe-eval'", ...made],
    'style-src': ["'self'"],
    'img-src': ["'self'", 'blob:', 'data:'],
    'media-src': ["'self'", 'blob:'],
    'connect-src': ["'self'", 'blob:', ...connect],
    'worker-src': ["'self'", ...made],
    'manifest-src': ["'self'"],
    ...(frames && { 'frame-src': ["'self'"] }),
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
    'frame-ancestors': [framed ? '*' : "'self'"],
  }
  return {
    'Content-Security-Policy': Object.entries(policy)
      .map(([directive, sources]) => `${directive} ${sources.join(' ')}`)
      .join('; '),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Cross-Origin-Resource-Policy': framed ? 'cross-origin' : 'same-origin',
    'Permissions-Policy': `camera=(${camera ? 'self' : ''}), microphone=(), geolocation=()`,
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  }
}
