/** The examples of the README on video, search and loading: as they stand there, and run. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lacking, openModulePage } from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'
import { createClassifier } from '../src/index.ts'
import { hottest, openShoes, prepare } from './loading-example.ts'
import { index, search } from './search-example.ts'

const assets = new URL('../../../apps/demo/assets/', import.meta.url)
const model = new URL('fashion-mnist.safetensors', assets)
const picture = (name: string): string => fileURLToPath(new URL(`images/${name}.png`, assets))

it.each(['camera', 'search', 'loading'])('the README shows the example on %s as it is run here', (name) => {
  const text = readFileSync(new URL(`./${name}-example.ts`, import.meta.url), 'utf8')
  expect(readFileSync(new URL('../README.md', import.meta.url), 'utf8')).toContain(`\`\`\`ts\n${text}\`\`\``)
})

it('keeps pictures in a file and finds those that are alike', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mobileone-search-'))
  try {
    await using classifier = await createClassifier({ model })
    const file = join(folder, 'pictures.safetensors')
    const pictures = ['2-trouser', '18-bag', '9-sneaker'].map(picture)
    await index(classifier, [...pictures, join(folder, 'absent.png')], file)
    const found = await search(classifier, picture('18-bag'), file)
    expect(found[0]).toEqual([picture('18-bag'), expect.closeTo(1, 3)])
    expect(found.map(([, score]) => score)).toEqual(found.map(([, score]) => score).toSorted((a, b) => b - a))
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it('opens a classifier of shoes behind a bar, and tells where its time goes', async () => {
  const fractions: number[] = []
  await prepare(model)
  await using classifier = await openShoes(model, (fraction) => fractions.push(fraction))
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b))
  expect(fractions.at(-1)).toBe(1)
  const found = await classifier.classify(picture('2-trouser'))
  expect(['Sandal', 'Sneaker', 'Ankle boot']).toContain(found[0]?.label)
  expect(found).toHaveLength(1)
  const lines = hottest(await classifier.profile())
  expect(lines.length).toBeGreaterThan(2)
  for (const line of lines) expect(line).toMatch(/^\d+ % of \d+ ms: .+ \(\d+ steps\)$/)
})

describe.skipIf(lacking('chromium'))('in Chromium', () => {
  it('shows what the camera sees until it is stopped', async () => {
    const opened = await openModulePage({
      entry: fileURLToPath(new URL('./camera-page.ts', import.meta.url)),
      folders: { '/assets/': fileURLToPath(assets) },
      chromiumArguments: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
    })
    try {
      await opened.page.waitForFunction('globalThis.run')
      const { shown, live } = (await opened.page.evaluate('run()')) as { shown: string[]; live: number }
      expect(shown).toHaveLength(5)
      for (const text of shown) expect(text).toMatch(/^(.+ in \d+ ms|nothing I know)$/)
      expect(live).toBe(0)
    } finally {
      await opened.close()
    }
  })
})
