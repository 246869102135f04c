/** With these a page may run on several threads; send them from your server too. Without them everything runs on one. */
export const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}
