import { defineConfig, type UserConfig } from 'vite'

/** Cross-origin isolation: with these a page may run on several threads. Without them everything runs on one. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

const config: UserConfig = defineConfig({
  base: './',
  server: { headers },
  preview: { headers },
})

export default config
