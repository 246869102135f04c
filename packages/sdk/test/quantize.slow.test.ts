import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { goldenPath, lacking } from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'
import { createClassifier, quantize, toSafetensors } from '../src/index.ts'

describe.skipIf(lacking('golden'))('S0 in int8', () => {
  it('takes 2.2 MB, 1.85 MB gzipped, and sees what float32 sees', { timeout: 120_000 }, async () => {
    const folder = goldenPath('imagenet-sample')
    const all = (await readdir(folder)).filter((name) => name.endsWith('.JPEG')).sort()
    const chosen = all.filter((_, index) => index % 12 === 0).map((name) => join(folder, name))
    const { model, report } = await quantize(await readFile(goldenPath('mobileone_s0.pth.tar')), {
      photographs: chosen,
      decoding: { orientation: 'ignore' },
    })
    expect(report).toMatchObject({ form: 'w8a7', samples: 16, comparedOn: 'heldOut' })
    expect(report.agreement).toBeGreaterThanOrEqual(0.8)
    const bytes = toSafetensors(model)
    const gzipped = gzipSync(bytes, { level: 9 })
    console.log(`S0 in int8: ${bytes.length} bytes, ${gzipped.length} gzipped`)
    expect(bytes.length).toBeLessThanOrEqual(2_200_000)
    expect(gzipped.length).toBeLessThanOrEqual(1_850_000)
    const start = performance.now()
    await using classifier = await createClassifier({ model: bytes })
    const [best] = await classifier.classify(join(folder, 'n01443537_goldfish.JPEG'))
    console.log(`from bytes to the first result: ${(performance.now() - start).toFixed(1)} ms in Node`)
    expect(best?.label).toMatch(/goldfish/)
  })
})
