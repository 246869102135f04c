/** Where published weights are downloaded from, when a visitor asks for them; the last two are where the hub redirects to. */
const weightHosts = ['https://huggingface.co', 'https://*.huggingface.co', 'https://*.hf.co'] as const

/**
 * The headers that every file of the page is sent with: it may run its own scripts alone, compile WebAssembly, and talk to its own
 * origin and to the hub of weights. Isolation lets workers share memory, which several threads take.
 */
export function securityHeaders(): Record<string, string> {
  const policy = {
    'default-src': ["'none'"],
    'script-src': ["'self'", "'wasm-unsafe-eval'"],
    'style-src': ["'self'"],
    'img-src': ["'self'", 'blob:', 'data:'],
    'media-src': ["'self'", 'blob:'],
    'connect-src': ["'self'", 'blob:', ...weightHosts],
    'worker-src': ["'self'"],
    'manifest-src': ["'self'"],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
    'frame-ancestors': ["'self'"],
  }
  return {
    'Content-Security-Policy': Object.entries(policy)
      .map(([directive, sources]) => `${directive} ${sources.join(' ')}`)
      .join('; '),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(self), microphone=(), geolocation=()',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  }
}
