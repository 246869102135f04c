import { readFile } from 'node:fs/promises'
import { loadDeployModel, toSafetensors } from '@mobileone/sdk'
import type { Plugin } from 'vite'
import { roundSignificands } from './round-significand.ts'

const assets = new URL('../assets/', import.meta.url)

/**
 * The embedded model at `models/fashion-mnist.folded.safetensors`, as the first visit downloads it: folded, and in float16 rounded to 7
 * significant bits, which compresses to less than three quarters; and at `models/fashion-mnist.safetensors` as it was trained.
 * The sample pictures at `samples/`.
 */
export function embeddedModel(): Plugin {
  return {
    name: 'embedded-model',
    async generateBundle() {
      for (const [fileName, source] of await embeddedFiles())
        this.emitFile({ type: 'asset', fileName, source })
    },
    async configureServer({ middlewares }) {
      const served = await embeddedFiles()
      middlewares.use((request, response, next) => {
        const body = served.get((request.url ?? '').slice(1).replace(/\?.*/, ''))
        if (body) response.end(body)
        else next()
      })
    },
  }
}

async function embeddedFiles(): Promise<Map<string, Uint8Array>> {
  const trained = await readFile(new URL('fashion-mnist.safetensors', assets))
  const { pictures } = JSON.parse(await readFile(new URL('fashion-mnist.json', assets), 'utf8')) as {
    pictures: { image: string }[]
  }
  const samples = await Promise.all(
    pictures.map(
      async ({ image }) =>
        [image.replace('images/', 'samples/'), await readFile(new URL(image, assets))] as const,
    ),
  )
  return new Map<string, Uint8Array>([
    ['models/fashion-mnist.folded.safetensors', await downloadedModel(trained)],
    ['models/fashion-mnist.safetensors', trained],
    ...samples,
  ])
}

/** Significant bits of the weights that the first visit downloads. */
export const downloadedBits = 7

/** What the first visit downloads, of the checkpoint that training wrote. */
export async function downloadedModel(trained: Uint8Array): Promise<Uint8Array> {
  return toSafetensors(roundSignificands(await loadDeployModel(trained), downloadedBits), {
    storage: 'float16',
  })
}
