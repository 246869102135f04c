import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { goldenPath, lacking, launchChromium, readGolden, serve } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blocksOf } from '../../tooling/documents/blocks.ts'
import { type Example, emptyFolder, within } from './example.ts'

const registry = process.env.MOBILEONE_REGISTRY ?? ''
const limitMs = 5 * 60_000
const photograph = goldenPath('imagenet-sample', 'n02123045_tabby.JPEG')

/** Code of a document, as it stands there. */
function code(document: string, has: string): string {
  const block = blocksOf(document).find(
    ({ language, text }) => /^(js|ts)$/.test(language) && text.includes(has),
  )
  if (!block) throw new Error(`${document} has no code with ${has}`)
  return block.text
}

/** Does one step after another, and keeps what was done and how long it took. */
function path(title: string) {
  const started = performance.now()
  const lines: string[] = [title]
  return {
    async step<Value>(name: string, action: () => Promise<Value>): Promise<Value> {
      const before = performance.now()
      const value = await action()
      lines.push(`${((performance.now() - before) / 1000).toFixed(1).padStart(7)} s  ${name}`)
      return value
    },
    end(result: string): number {
      const ms = performance.now() - started
      console.log(
        `${lines.join('\n')}\n${(ms / 1000).toFixed(1).padStart(7)} s  in all: ${JSON.stringify(result)}\n`,
      )
      return ms
    },
  }
}

/** The README's and the guide's first steps, to the letter, with the published S0 from a hub on this machine. */
describe.skipIf(lacking('registry', 'golden', 'chromium'))('in an empty folder', () => {
  let weights: Uint8Array<ArrayBuffer>
  let hub: Awaited<ReturnType<typeof serve>>
  let folder: Example
  beforeAll(async () => {
    weights = readGolden('timm_mobileone_s0.safetensors')
    hub = await serve(async (address) =>
      address.endsWith('/model.safetensors')
        ? { type: 'application/octet-stream', body: Buffer.from(weights) }
        : undefined,
    )
    folder = await emptyFolder('first-steps')
    await writeFile(join(folder.folder, '.npmrc'), `registry=${registry}\n`)
  })
  afterAll(async () => {
    await folder?.remove()
    await hub?.close()
  })
  const env = () => ({
    HF_ENDPOINT: hub.url,
    MOBILEONE_CACHE: join(folder.folder, 'weights'),
    npm_config_cache: join(folder.folder, 'npm'),
    npm_config_registry: registry,
  })

  /** What `output` of the page says once it matches, after the picture was chosen. */
  async function ask(url: string, ready: RegExp, selector: string, form: RegExp): Promise<string> {
    const browser = await launchChromium()
    try {
      const page = await browser.newPage()
      await page.route(/^https:\/\/huggingface\.co\//, (route) =>
        route.fulfill({ body: Buffer.from(weights), contentType: 'application/octet-stream' }),
      )
      await page.goto(url)
      // The guide's page listens to its input once the network is there.
      await expect.poll(() => page.textContent('body'), { timeout: 120_000 }).toMatch(ready)
      await page.setInputFiles('input[type=file]', photograph)
      const said = () => page.textContent(selector)
      await expect.poll(said, { timeout: 120_000 }).toMatch(form)
      return (await said()) ?? ''
    } finally {
      await browser.close()
    }
  }

  it('Node says what is in a photograph', async () => {
    const { step, end } = path('README.md: in Node')
    await step('npm i @mobileone/sdk', () => folder.run('npm', ['i', '@mobileone/sdk'], env()))
    await step('npm i sharp', () => folder.run('npm', ['i', 'sharp'], env()))
    await writeFile(join(folder.folder, 'classify.mjs'), code('README.md', 'process.argv'))
    await copyFile(photograph, join(folder.folder, 'cat.jpg'))
    const said = await step('node classify.mjs', () => folder.run('node', ['classify.mjs'], env()))
    expect(said).toMatch(/^(.+: \d+\.\d %\n){3}$/)
    expect(end(said)).toBeLessThan(limitMs)
  })

  it('a page of Vite does', async () => {
    const { step, end } = path('docs/start.md: in a page')
    const create = [
      'create',
      '--yes',
      'vite@latest',
      'page',
      '--',
      '--template',
      'vanilla-ts',
      '--no-interactive',
    ]
    await step('npm create vite@latest page -- --template vanilla-ts', () => folder.run('npm', create, env()))
    const app = within(join(folder.folder, 'page'))
    await step('npm i && npm i @mobileone/sdk', () => app.run('npm', ['i', '@mobileone/sdk'], env()))
    await writeFile(join(app.folder, 'src/main.ts'), code('docs/start.md', 'createWorkerClassifier'))
    await writeFile(
      join(app.folder, 'index.html'),
      '<!doctype html><input type="file"><output></output><script type="module" src="/src/main.ts"></script>\n',
    )
    const said = await step('npm run dev, and a picture', async () => {
      const server = await app.serve('sh', ['-c', 'npm run dev -- --host 127.0.0.1 --port $PORT'], env())
      try {
        return await ask(server.url, /ready: 100 %/, 'output', / \d+ %, /)
      } finally {
        await server.close()
      }
    })
    expect(end(said)).toBeLessThan(limitMs)
  })

  it('the app of the template does', async () => {
    const { step, end } = path('README.md: npm create mobileone')
    const create = ['create', '--yes', 'mobileone', 'my-app']
    await step('npm create mobileone my-app', () => folder.run('npm', create, env()))
    const app = within(join(folder.folder, 'my-app'))
    await step('npm i', () => app.run('npm', ['i'], env()))
    const said = await step('npm run dev, and a picture', async () => {
      const server = await app.serve('sh', ['-c', 'npm run dev -- --host 127.0.0.1 --port $PORT'], env())
      try {
        return await ask(server.url, /Start the camera/, '[role=status]', /^This looks like: /)
      } finally {
        await server.close()
      }
    })
    expect(end(said)).toBeLessThan(limitMs)
  })
})
