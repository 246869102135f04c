import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { loadDeployModel, toSafetensors } from '@mobileone/sdk'
import { defineConfig, type Plugin, type UserConfig } from 'vite'
import { securityHeaders } from './src/security-headers.ts'

const assets = new URL('./assets/', import.meta.url)
const headers = securityHeaders()

/**
 * The embedded model at `models/fashion-mnist.folded.safetensors`, folded and in float16, which is what the first visit downloads, and
 * at `models/fashion-mnist.safetensors` as it was trained; the sample pictures at `samples/`.
 */
function embedded(): Plugin {
  const files = async (): Promise<Map<string, Uint8Array>> => {
    const trained = await readFile(new URL('fashion-mnist.safetensors', assets))
    const folded = toSafetensors(await loadDeployModel(trained), { storage: 'float16' })
    const description = JSON.parse(await readFile(new URL('fashion-mnist.json', assets), 'utf8')) as {
      pictures: { image: string }[]
    }
    const pictures = await Promise.all(
      description.pictures.map(async ({ image }) => {
        const bytes = await readFile(new URL(image, assets))
        return [image.replace('images/', 'samples/'), bytes] as const
      }),
    )
    return new Map([
      ['models/fashion-mnist.folded.safetensors', folded],
      ['models/fashion-mnist.safetensors', trained],
      ...pictures,
    ])
  }
  return {
    name: 'embedded-model',
    async generateBundle() {
      for (const [fileName, source] of await files()) this.emitFile({ type: 'asset', fileName, source })
    },
    async configureServer({ middlewares }) {
      const served = await files()
      middlewares.use((request, response, next) => {
        const body = served.get((request.url ?? '').slice(1).replace(/\?.*/, ''))
        if (body) response.end(body)
        else next()
      })
    },
  }
}

const config: UserConfig = defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  plugins: [embedded()],
  worker: { format: 'es' },
  // Inlined assets would be data: addresses, which the policy forbids.
  build: { outDir: 'dist/site', target: 'es2022', modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  server: { headers: { ...headers, 'Content-Security-Policy': '' } },
})

export default config
