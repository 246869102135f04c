import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fromCoreML } from '@mobileone/coreml'
import { fromOnnx } from '@mobileone/onnx'
import { createClassifier, loadDeployModel, toSafetensors } from '@mobileone/sdk'
import { loadHead } from '@mobileone/sdk/head'
import { goldenPath, lacking, pictureFilm } from '@mobileone/testkit'
import { unzipSync, zipSync } from 'fflate'
import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { longTasks, watchLongTasks } from './long-tasks.ts'
import { modelReady, openSite, type Site, takeScreenshots } from './open-site.ts'

const assets = fileURLToPath(new URL('../assets/', import.meta.url))
const image = (name: string): string => join(assets, 'images', `${name}.png`)
const patient = { timeout: 20_000 }

/** Given to the page by the debugger, which no policy stops. */
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface NamedBuffer {
  readonly name: string
  readonly mimeType: string
  readonly buffer: Buffer
}

/** `count` pictures like one of the samples: moved, and of another brightness. */
function variations(name: string, count: number): Promise<NamedBuffer[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const [left, top] = [index % 3, Math.floor(index / 3) % 3]
      const buffer = await sharp(image(name))
        .extend({ left, top, right: 2 - left, bottom: 2 - top, background: 'black' })
        .linear(1 - 0.03 * index)
        .png()
        .toBuffer()
      return { name: `${name} ${index}.png`, mimeType: 'image/png', buffer }
    }),
  )
}

const addTo = (page: Page, name: string, files: NamedBuffer[]): Promise<void> =>
  page.setInputFiles(`input[aria-label="Add pictures to ${name}"]`, files)

const rename = async (page: Page, from: string, to: string): Promise<void> => {
  const input = page.getByLabel(`Name of the class ${from}`, { exact: true })
  await input.fill(to)
  await input.press('Enter')
}

const countOf = (page: Page, name: string): Promise<string | null> =>
  page.textContent(`section[aria-label="Class ${name}"] .count`)

/** Wait until a head of exactly so many examples is judged by cross-validation. */
async function accuracyOf(page: Page, examples: number): Promise<number> {
  await page.waitForFunction((wanted) => {
    const cells = [...document.querySelectorAll('.confusion td.numeric')]
    return cells.reduce((sum, cell) => sum + Number(cell.textContent), 0) === wanted
  }, examples)
  return Number(await page.getAttribute('[data-accuracy]', 'data-accuracy'))
}

const bestSeen = (page: Page): Promise<string | null | undefined> =>
  page.evaluate(() => document.querySelector('.teach .bars .best .name')?.textContent)

async function saved(page: Page, press: () => Promise<void>): Promise<{ name: string; bytes: Uint8Array }> {
  const [download] = await Promise.all([page.waitForEvent('download'), press()])
  return {
    name: download.suggestedFilename(),
    bytes: new Uint8Array(await readFile(await download.path())),
  }
}

async function exported(page: Page, format: string): Promise<{ name: string; bytes: Uint8Array }> {
  await page.selectOption('section[aria-labelledby="export-title"] select', format)
  return saved(page, () => page.getByRole('button', { name: 'Save', exact: true }).click())
}

describe.skipIf(lacking('chromium'))('teaching it', () => {
  let scratch: string
  let site: Site
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'mobileone-teach-'))
    site = await openSite([
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-video-capture=${await cameraOf(scratch, image('2-trouser'))}`,
    ])
  })
  afterAll(async () => {
    await site?.[Symbol.asyncDispose]()
    if (scratch) await rm(scratch, { recursive: true, force: true })
  })

  const openTeach = async () => {
    const opened = await site.open('', { permissions: ['camera'] })
    await opened.page.goto(`${site.url}/#teach`)
    await opened.page.reload()
    await modelReady(opened.page)
    await opened.page.waitForSelector('.teach')
    return opened
  }

  async function teachBootsAndTrousers(page: Page): Promise<void> {
    await rename(page, 'Class 1', 'Boots')
    await rename(page, 'Class 2', 'Trousers')
    await addTo(page, 'Boots', await variations('0-ankle-boot', 8))
    await addTo(page, 'Trousers', await variations('2-trouser', 9))
  }

  it('learns from files, says how well, and takes everything back', { retry: 2 }, async () => {
    const { page, problems, close } = await openTeach()
    await watchLongTasks(page)
    expect(await page.textContent('.hint')).toMatch(/Give "Class 1" some examples/)
    await takeScreenshots(page, 'teach-empty')
    await teachBootsAndTrousers(page)
    expect(await accuracyOf(page, 17)).toBe(1)
    expect([await countOf(page, 'Boots'), await countOf(page, 'Trousers')]).toEqual([
      '8 examples',
      '9 examples',
    ])
    expect(await page.textContent('.quality')).toMatch(/100 %.*No example is taken for another class/s)
    const cells = await page.$$eval('.confusion td.numeric', (all) => all.map((cell) => cell.textContent))
    expect(cells).toEqual(['8', '0', '0', '9'])

    await takeScreenshots(page, 'teach')
    const [test] = await variations('9-sneaker', 1)
    await page.setInputFiles('input[aria-label="Test a picture"]', [test!])
    await expect.poll(() => bestSeen(page), patient).toBe('Boots')

    await rename(page, 'Boots', 'Trousers')
    expect(await page.textContent('.class-name [role=alert]')).toMatch(/already/)
    await page.getByLabel('Name of the class Boots').press('Escape')
    await rename(page, 'Boots', 'Shoes')
    await expect.poll(() => bestSeen(page), patient).toBe('Shoes')

    await page.click('button[aria-label="Remove example 3 of Shoes"]')
    expect(await countOf(page, 'Shoes')).toBe('7 examples')
    await accuracyOf(page, 16)
    await page.click('button[aria-label="Remove the class Trousers"]')
    await page.waitForSelector('[data-learning="waiting"]')
    for (const step of [
      'removing Trousers',
      'removing an example',
      'renaming Boots',
      'adding 9 examples to Trousers',
    ]) {
      await page.getByRole('button', { name: `Undo ${step}` }).click()
    }
    expect(await countOf(page, 'Boots')).toBe('8 examples')
    expect(await countOf(page, 'Trousers')).toBe('0 examples')
    await page.keyboard.press('Control+z')
    expect(await countOf(page, 'Boots')).toBe('0 examples')
    expect(await longTasks(page)).toEqual([])
    expect(problems).toEqual([])
    await close()
  })

  it('exports what the SDK loads elsewhere, and whole models', { retry: 1 }, async () => {
    const { page, problems, close } = await openTeach()
    await teachBootsAndTrousers(page)
    await accuracyOf(page, 17)
    const trained = await readFile(join(assets, 'fashion-mnist.safetensors'))
    const folded = toSafetensors(await loadDeployModel(trained), { storage: 'float16' })
    const boot = await readFile(image('0-ankle-boot'))
    const trouser = await readFile(image('2-trouser'))

    const file = await exported(page, 'head')
    expect(file.name).toBe('taught.head.safetensors')
    const head = loadHead(file.bytes)
    expect([head.labels, head.report?.crossValidation?.accuracy]).toEqual([['Boots', 'Trousers'], 1])
    expect(head.report?.classes).toEqual([
      { label: 'Boots', examples: 8 },
      { label: 'Trousers', examples: 9 },
    ])
    await using backbone = await createClassifier({ model: folded })
    await using classifier = await backbone.withHead(head)
    const [found] = await classifier.classify(boot)
    expect(found?.label).toBe('Boots')

    const whole = await exported(page, 'safetensors')
    await using again = await createClassifier({ model: whole.bytes })
    expect((await again.classify(trouser))[0]?.label).toBe('Trousers')
    const [same] = await again.classify(boot)
    expect(same?.label).toBe('Boots')
    expect(Math.abs(same!.score - found!.score)).toBeLessThan(0.01)

    await using fromFile = await createClassifier({ model: fromOnnx((await exported(page, 'onnx')).bytes) })
    expect((await fromFile.classify(boot, { topK: 1 }))[0]?.label).toBe('Boots')

    const coreml = (await exported(page, 'coreml')).bytes
    expect(new TextDecoder().decode(unzipSync(coreml)['taught.swift'])).toMatch(/import CoreML/)
    await using fromPackage = await createClassifier({ model: fromCoreML(coreml) })
    expect((await fromPackage.classify(trouser, { topK: 1 }))[0]?.label).toBe('Trousers')
    const tflite = await exported(page, 'tflite')
    expect(new TextDecoder().decode(tflite.bytes.subarray(4, 8))).toBe('TFL3')
    expect(problems).toEqual([])
    await close()
  })

  it('keeps what was taught in the page, in a file, and in the browser where asked to', async () => {
    const { page, problems, close } = await openTeach()
    await teachBootsAndTrousers(page)
    await accuracyOf(page, 17)
    await page.click('nav a[href="#explain"]')
    await page.waitForSelector('main[data-view="explain"] h2')
    await page.click('nav a[href="#teach"]')
    expect(await countOf(page, 'Boots')).toBe('8 examples')
    expect(await accuracyOf(page, 17)).toBe(1)

    const file = await saved(page, () => page.click('text=Save project'))
    expect(file.name).toBe('taught.zip')
    const project = Buffer.from(file.bytes)
    const open = (name: string, buffer: Buffer): Promise<void> =>
      page.setInputFiles('input[aria-label="Open project"]', [{ name, mimeType: 'application/zip', buffer }])
    await page.getByRole('button', { name: 'Clear', exact: true }).click()
    expect(await countOf(page, 'Class 1')).toBe('0 examples')
    await open('taught.zip', project)
    await expect.poll(() => countOf(page, 'Trousers'), patient).toBe('9 examples')
    expect(await accuracyOf(page, 17)).toBe(1)

    const evil: Record<string, Uint8Array> = {
      ...unzipSync(file.bytes),
      'pictures/1/1.png': new TextEncoder().encode('<svg/>'),
    }
    await open('evil.zip', Buffer.from(zipSync(evil)))
    await page.waitForSelector('.notice.error')
    expect(await countOf(page, 'Boots')).toBe('8 examples')
    await page.click('text=Dismiss')
    const described = JSON.parse(new TextDecoder().decode(evil['project.json']))
    described.classes[0].name = '<img src=x onerror=alert(1)>'
    const odd = { ...unzipSync(file.bytes), 'project.json': Buffer.from(JSON.stringify(described)) }
    await open('odd.zip', Buffer.from(zipSync(odd)))
    await expect.poll(() => countOf(page, described.classes[0].name), patient).toBe('8 examples')
    expect(await page.$('img[src="x"]')).toBe(null)
    await page.getByRole('button', { name: 'Undo opening a project' }).click()

    await page.getByLabel('Keep them in this browser').check()
    await page.waitForSelector('text=kept; clear the box')
    await rename(page, 'Boots', 'Ankle boots')
    await page.waitForSelector('text=saving')
    await page.waitForSelector('text=kept; clear the box')
    await page.reload()
    await expect.poll(() => countOf(page, 'Ankle boots'), patient).toBe('8 examples')
    expect(await accuracyOf(page, 17)).toBe(1)
    await page.getByLabel('Keep them in this browser').uncheck()
    await page.waitForSelector('text=until you close it')
    await page.reload()
    await expect.poll(() => countOf(page, 'Class 1'), patient).toBe('0 examples')
    expect(problems).toEqual([])
    await close()
  })

  it('takes files that are dropped on a class or pasted, and says which are no pictures', async () => {
    const { page, problems, close } = await openTeach()
    const [boot] = await variations('0-ankle-boot', 1)
    const give = (kind: 'drop' | 'paste', selector: string, names: string[]): Promise<void> =>
      page.evaluate(
        ([how, where, files, bytes]) => {
          const data = new DataTransfer()
          const content = Uint8Array.from(atob(bytes as string), (letter) => letter.charCodeAt(0))
          for (const name of files as string[]) {
            const isText = name.endsWith('.txt')
            data.items.add(
              new File([isText ? 'no picture' : content], name, {
                type: isText ? 'text/plain' : 'image/png',
              }),
            )
          }
          const target = document.querySelector(where as string)!
          const event =
            how === 'drop'
              ? new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })
              : new ClipboardEvent('paste', { clipboardData: data, bubbles: true })
          target.dispatchEvent(event)
        },
        [kind, selector, names, boot!.buffer.toString('base64')] as const,
      )
    await give('drop', 'section[aria-label="Class Class 2"]', ['a.png', '<b>.txt', 'b.png'])
    await expect.poll(() => countOf(page, 'Class 2'), patient).toBe('2 examples')
    expect(await page.textContent('.notice.error')).toMatch(/No picture that this browser reads: <b>\.txt\./)
    await give('drop', '.lead', ['a.png'])
    await give('paste', 'body', ['a.png'])
    await page.waitForSelector('img.tested')
    await page.click('text=Remove picture')
    expect(await page.$('img.tested')).toBe(null)
    expect([await countOf(page, 'Class 1'), await countOf(page, 'Class 2')]).toEqual([
      '0 examples',
      '2 examples',
    ])
    expect(await page.evaluate(() => location.hash)).toBe('#teach')
    expect(problems).toEqual([])
    await close()
  })

  it.skipIf(lacking('golden'))(
    'looks at the pictures anew when the model changes to S0 from a file',
    { retry: 2 },
    async () => {
      const { page, problems, close } = await openTeach()
      const photo = async (file: string, count: number): Promise<NamedBuffer[]> =>
        Promise.all(
          Array.from({ length: count }, async (_, index) => {
            const buffer = await sharp(goldenPath('imagenet-sample', file))
              .rotate(index * 8)
              .jpeg()
              .toBuffer()
            return { name: `${index}.jpg`, mimeType: 'image/jpeg', buffer }
          }),
        )
      await addTo(page, 'Class 1', await photo('n01443537_goldfish.JPEG', 6))
      await addTo(page, 'Class 2', await photo('n01518878_ostrich.JPEG', 6))
      await accuracyOf(page, 12)
      await watchLongTasks(page)
      await page.click('.choose-open')
      const [chooser] = await Promise.all([
        page.waitForEvent('filechooser'),
        page.click('input[name="choose-model"][value="file"]'),
      ])
      await chooser.setFiles(goldenPath('mobileone_s0_unfused.pth.tar'))
      await page.waitForSelector('[data-learning="without-model"]', { state: 'attached' })
      const started = performance.now()
      await modelReady(page)
      const loaded = performance.now()
      await page.waitForSelector('[data-learning="learned"]', { state: 'attached' })
      expect(await accuracyOf(page, 12)).toBe(1)
      const ms = [loaded - started, performance.now() - loaded].map(Math.round)
      await page.keyboard.press('Escape')
      await page.setInputFiles('input[aria-label="Test a picture"]', await photo('n01518878_ostrich.JPEG', 1))
      await expect.poll(() => bestSeen(page), patient).toBe('Class 2')
      const head = loadHead((await exported(page, 'head')).bytes)
      expect(head.backbone.features).toBe(1024)
      const long = await longTasks(page)
      console.log(
        `S0: ready after ${ms[0]} ms, learned ${ms[1]} ms later; long tasks: ${long.join(', ') || 'none'}`,
      )
      expect(await page.$('.toy')).toBe(null)
      expect(long).toEqual([])
      expect(problems).toEqual([])
      await close()
    },
  )

  it('says so when the part that learns cannot be loaded', async () => {
    const { page, close } = await site.open('', { serviceWorkers: 'block' })
    await page.context().route(/teach-worker/, (route) => route.abort())
    await page.click('nav a[href="#teach"]')
    await page.waitForSelector('text=The part of the page that learns could not be loaded')
    await close()
  })

  it('is for everyone: axe finds nothing, light and dark, empty and full', async () => {
    const { page, close } = await openTeach()
    await page.evaluate(axe)
    const check = async (): Promise<void> => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        const found = await page.evaluate(async () => {
          const { violations } = await (globalThis as unknown as { axe: typeof import('axe-core') }).axe.run()
          return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
        })
        expect(found, colorScheme).toEqual([])
      }
    }
    await check()
    await page.click('text=Try it with samples')
    await accuracyOf(page, 9)
    await check()
    await close()
  })

  it('records from the camera while a button or a key is held, and stops it when left', {
    retry: 2,
  }, async () => {
    const { page, problems, close } = await openTeach()
    await watchLongTasks(page)
    await page.click('text=Try it with samples')
    await rename(page, 'Shoes', 'Footwear')
    await page.click('section[aria-label="Class Footwear"] button:text("Use the camera")')
    const button = page.getByRole('button', { name: 'Hold to record Clothes' })
    await button.waitFor()
    await page.waitForFunction(() => (document.querySelector('video')?.videoWidth ?? 0) > 0)
    await button.hover()
    await page.mouse.down()
    await expect
      .poll(async () => Number.parseInt((await countOf(page, 'Clothes')) ?? '', 10), patient)
      .toBeGreaterThan(12)
    await page.mouse.up()
    await page.waitForTimeout(300)
    const count = Number.parseInt((await countOf(page, 'Clothes')) ?? '', 10)
    await expect.poll(() => bestSeen(page), patient).toBe('Clothes')
    await button.focus()
    await page.keyboard.down('Space')
    await expect
      .poll(async () => Number.parseInt((await countOf(page, 'Clothes')) ?? '', 10), patient)
      .toBeGreaterThan(count)
    await page.keyboard.up('Space')
    await page.waitForTimeout(300)
    const all = Number.parseInt((await countOf(page, 'Clothes')) ?? '', 10)
    await accuracyOf(page, all + 3)
    expect(await longTasks(page)).toEqual([])
    await takeScreenshots(page, 'teach-camera')
    await page.getByRole('button', { name: /^Undo/ }).click()
    expect(await countOf(page, 'Clothes')).toBe(`${count} examples`)
    await page.getByRole('button', { name: /^Undo/ }).click()
    expect(await countOf(page, 'Clothes')).toBe('6 examples')
    await page.evaluate(() => {
      Object.assign(globalThis, {
        track: (document.querySelector('video')!.srcObject as MediaStream).getTracks()[0],
      })
    })
    await page.click('nav a[href="#explain"]')
    await expect
      .poll(
        () => page.evaluate(() => (globalThis as unknown as { track: MediaStreamTrack }).track.readyState),
        patient,
      )
      .toBe('ended')
    expect(problems).toEqual([])
    await close()
  })
})

/** A file that Chromium shows as its camera: the picture, now darker and now lighter. */
async function cameraOf(folder: string, picture: string): Promise<string> {
  const file = join(folder, 'camera.y4m')
  await writeFile(file, await pictureFilm(picture))
  return file
}
