import type { Page } from 'playwright-core'
import type * as Vision from '../../src/index.ts'
import { photographFixtures } from './files.ts'

declare global {
  var vision: typeof Vision
}

/** Those of `names` that the page of `openPage` decodes or crops to other bytes than Pillow. */
export async function photographsUnlikePillow(page: Page, names: readonly string[]): Promise<string[]> {
  const hashes = await page.evaluate(async (names) => {
    const sha256 = async (data: Uint8Array | Uint8ClampedArray): Promise<string> => {
      const hash = await crypto.subtle.digest('SHA-256', data as Uint8Array<ArrayBuffer>)
      return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
    }
    const statistics = { mean: [0, 0, 0], std: [1, 1, 1] }
    const rule = { size: [224, 224], resize: 256, interpolation: 'bilinear', ...statistics } as const
    const hashes: [string, string][] = []
    for (const name of names) {
      const image = await globalThis.vision.decode(`/photographs/${name}`, { orientation: 'ignore' })
      const crop = globalThis.vision.resizeAndCrop(image, rule)
      hashes.push([await sha256(image.data), await sha256(crop.data)])
    }
    return hashes
  }, names)
  return names.filter((name, i) => {
    const { decodedSha256, bilinearSha256 } = photographFixtures.photographs[name]!
    return hashes[i]![0] !== decodedSha256 || hashes[i]![1] !== bilinearSha256
  })
}
