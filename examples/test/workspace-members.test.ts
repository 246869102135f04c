/** The examples that belong to the workspace, as copies: installed from packed packages, built and run. Their own tests use the sources. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Prediction } from '@mobileone/sdk'
import { bundleWorker, lacking, launchChromium, pictureFilm, serveWorker } from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'
import { type Example, installExample } from './example.ts'
import { expectedLabels, labelText, model, picture, serveFiles } from './page.ts'

/** Install, use and remove the example `name`. */
async function withExample(name: string, use: (example: Example) => Promise<void>): Promise<void> {
  const example = await installExample(name)
  try {
    await use(example)
  } finally {
    await example.remove()
  }
}

describe.skipIf(lacking('registry', 'chromium'))('the camera page', () => {
  it('is built, and says what the camera sees', () =>
    withExample('camera', async ({ folder, run }) => {
      await run('npm', ['run', 'build'])
      const dist = join(folder, 'dist')
      await copyFile(model, join(dist, 'model.safetensors'))
      const film = join(folder, 'trouser.y4m')
      await writeFile(film, await pictureFilm(picture))
      const server = await serveFiles(dist)
      const browser = await launchChromium([
        '--use-fake-device-for-media-stream',
        `--use-file-for-fake-video-capture=${film}`,
      ])
      try {
        const context = await browser.newContext({ permissions: ['camera'] })
        const page = await context.newPage()
        await page.goto(`${server.url}/?model=/model.safetensors`)
        await page.click('button')
        const scores = page.waitForFunction(() => {
          const text = document.querySelector('pre')?.textContent ?? ''
          return /frames\/s/.test(text) && text
        })
        expect(await (await scores).jsonValue()).toMatch(/^Trouser \d+ %\n/)
      } finally {
        await browser.close()
        await server.close()
      }
    }))
})

describe.skipIf(lacking('registry'))('networks of one’s own', () => {
  it('are compiled, and the detector finds boxes', () =>
    withExample('own-networks', async ({ run }) => {
      await run('npm', ['run', 'build'])
      const found = await run('node', [
        '--input-type=module',
        '--eval',
        `
import { tensor, wasm } from '@mobileone/sdk'
import { compileFirst, initialize, mobileone, variants } from '@mobileone/sdk/network'
import { detections, detector } from './dist/detector.js'

const config = { ...variants.s0, input: { channels: 3, size: [96, 128] } }
const options = { seed: 1, statistics: 'random' }
const { graph, levels } = detector(initialize(mobileone(config, { form: 'deploy' }), options), 20)
const executor = await compileFirst(initialize(graph, options), [wasm()])
const outputs = await executor.run({ image: tensor([1, 3, 96, 128]) })
console.log(JSON.stringify({ backend: executor.backend, found: detections(outputs, levels, { threshold: 0 }) }))
`,
      ])
      const { backend, found: boxes } = JSON.parse(found)
      expect(backend).toBe('wasm')
      expect(boxes.length).toBeGreaterThan(0)
      expect(boxes[0].box).toHaveLength(4)
    }))
})

describe.skipIf(lacking('registry', 'workerd'))('the worker of Cloudflare', () => {
  it('says what is in a picture', () =>
    withExample('workerd', async ({ folder }) => {
      const bundle = await mkdtemp(join(tmpdir(), 'mobileone-workerd-'))
      try {
        await bundleWorker(join(folder, 'src/worker.ts'), bundle)
        const files = (await readdir(bundle)).sort()
        expect(files).toContain('relaxed.wasm')
        await mkdir(join(bundle, 'assets'))
        await copyFile(model, join(bundle, 'assets/model.safetensors'))
        const worker = await serveWorker(bundle, files, 'assets')
        try {
          const response = await fetch(`${worker.url}/?top=3`, {
            method: 'POST',
            body: new Uint8Array(await readFile(picture)),
          })
          const { classes } = (await response.json()) as { classes: Prediction[] }
          expect(labelText(classes), worker.log()).toBe(await expectedLabels())
        } finally {
          await worker.close()
        }
      } finally {
        await rm(bundle, { recursive: true, force: true })
      }
    }))
})
