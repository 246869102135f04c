import { readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import {
  hasIntegerLayers,
  initialize,
  type Model,
  mobileone,
  profile,
  reference,
  reparameterize,
  variants,
} from '@mobileone/core'
import { NetworkBuilder } from '@mobileone/core/network-builder'
import { fromCoreML } from '@mobileone/coreml'
import { fromMLModel } from '@mobileone/coreml/mlmodel'
import { fromOnnx, toOnnx } from '@mobileone/onnx'
import { type ExportFormat, exportModel } from '@mobileone/sdk/export'
import { goldenPath, lacking } from '@mobileone/testkit'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { drawStage } from '../src/site/views/checkpoint/block-drawing.ts'
import { shortened, stemOf, titleOf } from '../src/site/views/checkpoint/checkpoint-facts.ts'
import { choicesOf, startOptions } from '../src/site/views/checkpoint/export-options.ts'
import { changeOf } from '../src/site/views/checkpoint/figures.tsx'
import { blockError, blockModel, findBlocks, foldStages } from '../src/site/views/checkpoint/fold-blocks.ts'
import {
  costAt,
  endOf,
  nextPlayed,
  nextStep,
  type Position,
  previousStep,
  start,
} from '../src/site/views/checkpoint/fold-steps.ts'
import { sortSteps, stepCosts, withTimes } from '../src/site/views/checkpoint/layer-costs.ts'
import { readModel } from '../src/site/views/checkpoint/read-model.ts'
import { longTasks, watchLongTasks } from './long-tasks.ts'
import { modelReady, openSite, type Site, takeScreenshots } from './open-site.ts'

const patient = { timeout: 60_000 }
const embedded = new URL('../assets/fashion-mnist.safetensors', import.meta.url)

/** A block with three branches and a skip, then a plain layer. */
function smallModel(): Model {
  const net = new NetworkBuilder({ name: 'small', inputs: { image: [1, 3, 16, 16] } })
  const stem = net.block('stem', 'image', { channels: 8, stride: 2 })
  const body = net.block('body', stem, { channels: 8, groups: 8, branches: 3 })
  const pooled = net.flatten('flat', net.globalAvgPool('pool', body))
  const graph = net.build({ logits: net.linear('head', pooled, { features: 4 }) })
  return initialize(graph, { seed: 3, statistics: 'random' })
}

describe('the blocks of a network', () => {
  it('are those of the paper in S0, and cost what the whole network does', () => {
    const [trained, folded] = (['train', 'deploy'] as const).map((form) => mobileone(variants.s0, { form }))
    const blocks = findBlocks(trained!, folded!)
    expect(blocks).toHaveLength(43)
    expect(blocks.slice(0, 3).map(({ branches }) => branches)).toEqual([2, 5, 5])
    for (const form of ['trained', 'folded'] as const) {
      const own = blocks.reduce((all, block) => all + block[form].params, 0)
      expect(own + 1025 * 1000).toBe(profile(form === 'trained' ? trained! : folded!).params)
    }
  })

  it('are none where nothing is parallel or normalised', () => {
    const net = new NetworkBuilder({ name: 'plain', inputs: { x: [1, 3, 8, 8] } })
    const model = initialize(net.build({ y: net.conv('c', 'x', { channels: 4, kernel: 3 }) }), { seed: 1 })
    expect(findBlocks(model, reparameterize(model))).toEqual([])
  })

  it('fold rewrite by rewrite into what reparameterize gives, without another result', async () => {
    const model = smallModel()
    const folded = reparameterize(model)
    const block = blockModel(model, folded, 'body')
    const stages = foldStages(block)
    expect(stages.map(({ rewrite }) => rewrite)).toEqual([undefined, 'identity', 'norm', 'merge'])
    expect(stages.map(({ branches }) => branches.length)).toEqual([5, 5, 5, 1])
    expect(stages[0]?.branches.map((layers) => layers.map(({ kind }) => kind).join())).toEqual([
      'conv,norm',
      'conv,norm',
      'conv,norm',
      'conv,norm',
      'norm',
    ])
    const stem = foldStages(blockModel(model, folded, 'stem'))
    expect(stem.map(({ rewrite }) => rewrite)).toEqual([undefined, 'norm', 'expand', 'merge'])
    expect(stages.at(-1)?.cost).toEqual(findBlocks(model, folded)[1]?.folded)
    const { maxAbsError, maxAbsValue } = await blockError(block, reparameterize(block), reference())
    expect(maxAbsValue).toBeGreaterThan(0.1)
    expect(maxAbsError / maxAbsValue).toBeLessThan(1e-5)
  })
})

describe('the steps', () => {
  const model = smallModel()
  const folded = reparameterize(model)
  const blocks = findBlocks(model, folded)
  const form = (of: Model) => ({ nodes: of.nodes.length, ...pick(profile(of)), bytes: 0 })
  const facts = { trained: form(model), folded: form(folded), blocks }
  const studied = blocks.map(({ name }) => ({
    stages: foldStages(blockModel(model, folded, name)),
    error: { maxAbsError: 0, maxAbsValue: 1 },
  }))

  it('lead from the trained network to the folded one and back, and cost what both do', () => {
    const visited: Position[] = [start]
    for (let at = nextStep(start, studied, 2); at; at = nextStep(at, studied, 2)) visited.push(at)
    expect(visited).toHaveLength(studied[0]!.stages.length + studied[1]!.stages.length)
    expect(visited.at(-1)).toEqual(endOf(studied, 2))
    const costs = visited.map((at) => costAt(facts, studied, at))
    expect(costs[0]).toEqual(pick(facts.trained, facts.trained.nodes))
    expect(costs.at(-1)).toEqual(pick(facts.folded, facts.folded.nodes))
    const back: Position[] = []
    for (let at: Position | undefined = visited.at(-1); at; at = previousStep(at, studied)) back.unshift(at)
    expect(back).toEqual(visited)
  })

  it('wait for a block that is not taken apart', () => {
    expect(nextStep(start, [], 2)).toBeUndefined()
    expect(endOf(studied.slice(0, 1), 2)).toBeUndefined()
    expect(nextPlayed({ block: 1, stage: 0 }, studied, 2)).toEqual(endOf(studied, 2))
  })

  it('are drawn with the same boxes, in the picture, and one layer at the end', () => {
    const { stages } = studied[1]!
    const drawings = stages.map((_, at) => drawStage(stages, at))
    const keys = drawings.map(({ boxes }) => boxes.map(({ key }) => key))
    for (const each of keys) expect(each).toEqual(keys[0])
    for (const { boxes, width, height } of drawings) {
      for (const { x, y } of boxes) {
        expect(x).toBeGreaterThanOrEqual(31)
        expect(x).toBeLessThanOrEqual(width - 31)
        expect(y).toBeLessThanOrEqual(height - 18)
      }
      const places = boxes.filter(({ isVisible }) => isVisible).map(({ x, y }) => `${x} ${y}`)
      expect(new Set(places).size).toBe(places.length)
    }
    const last = drawings.at(-1)!
    expect(last.boxes.filter(({ isVisible }) => isVisible)).toMatchObject([
      { title: '3×3', isMerged: true, x: last.width / 2 },
    ])
    expect(drawings[0]?.label).toMatch(/^5 branches that are added: 3 times 3 by 3 depthwise convolution/)
    expect([29, 104, 99.99, 100].map((now) => changeOf(now, 100))).toEqual([
      '−71 %',
      '+4.0 %',
      'a little less',
      'as trained',
    ])
  })
})

const pick = ({ params, macs }: { params: number; macs: number }, nodes?: number) => ({
  ...(nodes !== undefined && { nodes }),
  params,
  macs,
})

describe('the costs of layers', () => {
  it('count each node in one step, and values between the nodes of a step not at all', () => {
    const model = reparameterize(smallModel())
    const steps = ['stem.relu', 'body.relu', 'flat', 'head'].map((node) => ({ node, kernel: 'k' }))
    const costs = stepCosts(model, steps)
    expect(costs.reduce((sum, { macs }) => sum + macs, 0)).toBe(profile(model).macs)
    expect(costs[0]).toMatchObject({
      op: 'conv2d',
      activationBytes: 4 * (3 * 16 * 16 + 8 * 8 * 8),
      weightBytes: 4 * (8 * 27 + 8),
    })
    const timed = withTimes(costs, [[1, 9, 2], [4], [3], []])
    expect(timed.map(({ ms }) => ms)).toEqual([2, 4, 3, 0])
    expect(timed.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1)
    expect(sortSteps(timed, 'ms').map(({ node }) => node)).toEqual(['body.relu', 'flat', 'stem.relu', 'head'])
    expect(sortSteps(timed, 'node')[0]?.node).toBe('body.relu')
  })
})

describe('what is read and shown', () => {
  it('is told by the bytes of a file, whatever its name', async () => {
    const model = smallModel()
    const onnx = await readModel(toOnnx(reparameterize(model)))
    expect([onnx.format, onnx.isCheckpoint]).toEqual(['ONNX model', false])
    const own = await readModel(await readFile(embedded))
    expect(own.format).toBe('safetensors file')
    expect(Object.fromEntries(own.facts)).toMatchObject({
      'Names of weights': "Apple's (ml-mobileone)",
    })
  })

  it('is short, visible, and a name that any system takes', () => {
    expect(shortened('a\u0000b\u202ec')).toBe('a b c')
    expect(shortened('x'.repeat(500))).toHaveLength(160)
    expect(stemOf('../../S0 <b>.pth.tar')).toBe('S0-b-')
    expect(stemOf('a.mlpackage.zip')).toBe('a')
    expect(stemOf('.onnx')).toBe('model')
    expect(titleOf({ name: 'mobileone_s3' })).toBe('MobileOne S3')
  })

  it('leaves to the exporter what has no default', () => {
    const option = { name: 'input', kind: 'choice', choices: ['image', 'array'], description: '' } as const
    expect(choicesOf(option).map(([value]) => value)).toEqual(['', 'image', 'array'])
    const format = { format: 'coreml', ending: '.zip', description: '', options: [option] }
    expect(startOptions(format)).toEqual({})
  })
})

describe.skipIf(lacking('chromium'))('the view', () => {
  let site: Site
  beforeAll(async () => {
    site = await openSite()
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  const give = (page: Page, name: string, bytes: Uint8Array): Promise<void> =>
    page.setInputFiles('.drop input[type=file]', { name, mimeType: '', buffer: Buffer.from(bytes) })

  const titleIs = (page: Page, title: RegExp): Promise<void> =>
    expect.poll(() => page.textContent('#facts-title').catch(() => ''), patient).toMatch(title)
  const isMeasured = (page: Page): Promise<void> =>
    expect.poll(() => page.textContent('.error-line').catch(() => ''), patient).toMatch(/differ by at most/)

  /** The relative difference that the page has measured. */
  const measured = async (page: Page): Promise<number> =>
    Number(await page.locator('.error-line strong').nth(1).textContent())

  // A busy machine can stretch any task; what the page itself does too long is too long every time.
  it('folds the model of the page, by buttons and by keyboard, times it and keeps it', {
    retry: 2,
    timeout: 90_000,
  }, async () => {
    const { page, problems, close } = await site.open('#checkpoint', { reducedMotion: 'reduce' })
    const button = (name: string) => page.getByRole('button', { name, exact: true })
    await button('Try the model of this page, as trained (510 kB)').waitFor()
    await page.waitForTimeout(500)
    await watchLongTasks(page)
    await button('Try the model of this page, as trained (510 kB)').click()
    await titleIs(page, /MobileOne/)
    await isMeasured(page)
    expect(await measured(page)).toBeLessThan(2e-5)
    const blocks = Number(/^(\d+) blocks/.exec((await page.textContent('.fold header p')) ?? '')?.[1])
    expect(blocks).toBeGreaterThan(5)
    await expect.poll(() => button('Fold all').getAttribute('aria-disabled'), patient).toBe('false')

    const stage = (): Promise<string | null> => page.textContent('.fold .stage h3')
    expect(await stage()).toMatch(/Block 1 of .*As it was trained/)
    await button('Next').focus()
    await page.keyboard.press('Enter')
    const second = await stage()
    expect(second).not.toMatch(/As it was trained/)
    await page.keyboard.press('ArrowRight')
    expect(await stage()).not.toBe(second)
    await page.keyboard.press('ArrowLeft')
    expect(await stage()).toBe(second)
    await page.keyboard.press('End')
    expect(await stage()).toMatch(new RegExp(`Block ${blocks} of ${blocks}.*The kernels are added`))
    await expect.poll(() => page.locator('.network-strip .folded').count()).toBe(blocks - 1)
    const trained = await readCheckpoint(await readFile(embedded))
    const folded = profile(reparameterize(modelFromCheckpoint(trained)))
    expect(await page.textContent('.whole .figures')).toContain(folded.params.toLocaleString('en-US'))
    expect(await page.textContent('.whole .figures')).toContain(folded.macs.toLocaleString('en-US'))
    await page.keyboard.press('Home')
    await page.getByLabel('Block', { exact: true }).focus()
    await page.keyboard.press('ArrowRight')
    expect(await stage()).toMatch(/Block 2 of/)
    await button('Start again').click()
    await button('Play').click()
    await expect.poll(stage, patient).toMatch(/Block 3 of/)
    await button('Pause').click()
    await page.getByText('All blocks, with the difference measured in each').click()
    const errors = await page.locator('.fold tbody tr td:last-child').allTextContents()
    expect(errors).toHaveLength(blocks)
    for (const error of errors) expect(Number(error)).toBeLessThan(2e-5)

    await button('Time the layers').click()
    await page.waitForSelector('.layers tbody tr', patient)
    await button('time').click()
    expect(await page.getAttribute('.layers th:nth-child(2)', 'aria-sort')).toBe('descending')
    const widths = await page.$$eval('.layers tbody progress', (all) =>
      all.map((each) => (each as HTMLProgressElement).value),
    )
    expect(widths.length).toBeGreaterThan(5)
    expect(widths).toEqual([...widths].sort((a, b) => b - a))
    expect(await longTasks(page)).toEqual([])

    await button('Use this model').click()
    await expect.poll(() => page.textContent('.choose-bar'), patient).toContain('fashion-mnist.safetensors')
    await page.click('nav a[href="#explain"]')
    await page.click('nav a[href="#checkpoint"]')
    await titleIs(page, /MobileOne/)
    expect(await button('In use').isDisabled()).toBe(true)
    await page.waitForSelector('.layers tbody tr')
    expect(problems).toEqual([])
    await close()
  })

  it('writes every format as the SDK does', { timeout: 90_000 }, async () => {
    const { page, problems, close } = await site.open('#checkpoint')
    const model = smallModel()
    const folded = reparameterize(model)
    const [file] = await exportModel(model, 'safetensors')
    await give(page, 'small.safetensors', file.bytes)
    await titleIs(page, /network of another kind/)
    const pick = (format: string) => page.getByRole('radio', { name: format, exact: true }).check()
    const save = async (): Promise<{ name: string; bytes: Buffer }> => {
      const coming = page.waitForEvent('download')
      await page.getByRole('button', { name: /^Write and save$/ }).click()
      const download = await coming
      return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) }
    }
    const expected = async (format: ExportFormat, options: object): Promise<Uint8Array> =>
      (await exportModel(folded, format, options as never))[0].bytes

    for (const [title, format, ending, options] of [
      ['safetensors', 'safetensors', '.safetensors', { naming: 'canonical', storage: 'float32' }],
      ['ONNX', 'onnx', '.onnx', {}],
      [
        'Core ML',
        'coreml',
        '.mlpackage.zip',
        { precision: 'float16', duplicateLabels: 'suffix', swift: true },
      ],
      ['Core ML, older', 'mlmodel', '.mlmodel', { duplicateLabels: 'suffix' }],
      ['TFLite', 'tflite', '.tflite', { storage: 'float32' }],
    ] as const) {
      await pick(title)
      const { name, bytes } = await save()
      expect(name).toBe(`small${ending}`)
      const same = await expected(format, { ...options, fileName: name })
      expect(bytes.equals(same), format).toBe(true)
      if (format === 'onnx') expect(fromOnnx(bytes).nodes.length).toBeGreaterThan(3)
      if (format === 'coreml') expect(fromCoreML(bytes).nodes.length).toBeGreaterThan(3)
      if (format === 'mlmodel') expect(fromMLModel(bytes).nodes.length).toBeGreaterThan(3)
    }

    await pick('Core ML')
    await page.getByLabel('Precision').selectOption('int8')
    expect(
      (await save()).bytes.equals(
        await expected('coreml', { precision: 'int8', swift: true, fileName: 'small.mlpackage.zip' }),
      ),
    ).toBe(true)
    expect(await page.locator('.written .name').allTextContents()).toEqual([
      'small.mlpackage.zip',
      'small.swift',
    ])
    const swift = page.waitForEvent('download')
    await page.locator('.written button').nth(1).click()
    expect((await readFile(await (await swift).path())).toString()).toContain('import CoreML')

    await pick('ONNX')
    await page.getByRole('checkbox', { name: /probabilities/ }).check()
    await page.getByRole('checkbox', { name: /batch size open/ }).check()
    await page.getByLabel('File name').fill('my net/../x')
    const renamed = await save()
    expect(renamed.name).toBe('x.onnx')
    expect(renamed.bytes.equals(await expected('onnx', { softmax: true, dynamicBatch: true }))).toBe(true)

    await pick('safetensors')
    await page.getByLabel(/^Form/).selectOption('trained')
    expect((await save()).bytes.equals(file.bytes)).toBe(true)
    await page.getByLabel(/^Form/).selectOption('folded')
    await page.getByLabel('Storage').selectOption('float16')
    expect((await save()).bytes.equals(await expected('safetensors', { storage: 'float16' }))).toBe(true)
    expect(problems).toEqual([])
    await close()
  })

  it('makes an int8 file of photographs, says what it is worth, and reads it', {
    timeout: 90_000,
  }, async () => {
    const { page, problems, close } = await site.open('#checkpoint')
    await give(page, 'clothes.safetensors', await readFile(embedded))
    await titleIs(page, /MobileOne/)
    const save = async (): Promise<Buffer> => {
      const coming = page.waitForEvent('download', patient)
      await page.getByRole('button', { name: /^Write and save$/ }).click()
      return readFile(await (await coming).path())
    }
    await page.getByLabel(/^Form/).selectOption('int8')
    const weightsOnly = await save()
    expect(hasIntegerLayers(modelFromCheckpoint(readCheckpoint(weightsOnly)))).toBe(false)
    await expect.poll(() => page.textContent('.quantization')).toMatch(/Weights are int8.*noise.*dB/)

    const folder = new URL('../assets/images/', import.meta.url)
    const pictures = (await readdir(folder)).filter((name) => name.endsWith('.png'))
    await page
      .getByLabel(/^Photographs/)
      .setInputFiles(pictures.map((name) => fileURLToPath(new URL(name, folder))))
    const bytes = await save()
    const model = modelFromCheckpoint(readCheckpoint(bytes))
    expect(hasIntegerLayers(model)).toBe(true)
    expect(bytes.length).toBeLessThan(0.45 * (await readFile(embedded)).length)
    await expect
      .poll(() => page.textContent('.quantization'))
      .toMatch(
        /^\d+ layers are computed in integers\. On \d+ (of the )?photographs that it .*% get the class.*dB\.$/,
      )
    await takeScreenshots(page, 'checkpoint-int8')

    await give(page, 'clothes.int8.safetensors', bytes)
    await expect
      .poll(() => page.textContent('.facts-panel dl').catch(() => ''), patient)
      .toMatch(/int8: \d+ layers are computed in integers/)
    expect(await page.getByLabel(/^Form/).count()).toBe(0)
    await page.getByRole('button', { name: 'Use this model' }).click()
    await expect.poll(() => page.textContent('.choose-bar'), patient).toContain('clothes.int8.safetensors')
    await modelReady(page)
    expect(problems).toEqual([])
    await close()
  })

  it('reads ONNX and Core ML, and uses what is no checkpoint', { timeout: 90_000 }, async () => {
    const { page, problems, close } = await site.open('#checkpoint')
    const folded = reparameterize(modelFromCheckpoint(readCheckpoint(await readFile(embedded))))
    for (const [format, said] of [
      ['onnx', 'ONNX model'],
      ['coreml', 'Core ML ML program'],
      ['mlmodel', 'Core ML neural network'],
    ] as const) {
      const [{ path, bytes }] = await exportModel(folded, format, {})
      await give(page, path, bytes)
      await expect.poll(() => page.textContent('.facts-panel dl').catch(() => ''), patient).toContain(said)
      expect(await page.textContent('.facts-panel')).toContain('There is nothing to fold')
      expect(await page.$('.fold')).toBeNull()
    }
    await page.getByRole('button', { name: 'Time the layers' }).click()
    await page.waitForSelector('.layers tbody tr', patient)
    await page.getByRole('button', { name: 'Use this model' }).click()
    await expect.poll(() => page.textContent('.choose-bar'), patient).toContain('.safetensors')
    await modelReady(page)
    expect(problems).toEqual([])
    await close()
  })

  it('says what is wrong with a file, keeps what is open, and shows text as text', {
    timeout: 60_000,
  }, async () => {
    const { page, problems, close } = await site.open('#checkpoint')
    const failed = (): Promise<string | null> => page.textContent('.notice.error').catch(() => '')
    await give(page, 'page.pt', Buffer.from('<!doctype html><p>log in'))
    await expect.poll(failed, patient).toMatch(/page\.pt. was not opened.*HTML/)
    await give(page, 'torn.safetensors', (await readFile(embedded)).subarray(0, 9000))
    await expect.poll(failed, patient).toMatch(/torn\.safetensors. was not opened/)
    const onnx = Buffer.from(toOnnx(reparameterize(smallModel())))
    onnx.fill(0xff, 40, 90)
    await give(page, '<img src=x onerror=alert(1)>.onnx', onnx)
    await expect.poll(failed, patient).toMatch(/<img src=x onerror=alert\(1\)>/)
    expect(await page.$('main img')).toBeNull()

    const model = {
      ...smallModel(),
      card: { description: `<b>bold</b>${'x'.repeat(5000)}`, labels: ['a', 'b', 'c', '<i>d'] },
    }
    const [file] = await exportModel(model, 'safetensors')
    await give(page, 'small.safetensors', file.bytes)
    await titleIs(page, /network/)
    const card = await page.textContent('.facts-panel .card')
    expect(card).toContain('<b>bold</b>')
    expect(card?.length).toBeLessThan(600)
    expect(await page.$('.facts-panel .card b')).toBeNull()
    await give(page, 'nothing.onnx', Buffer.alloc(0))
    await expect.poll(failed, patient).toMatch(/nothing\.onnx. was not opened/)
    expect(await page.textContent('#facts-title')).toMatch(/network/)

    await page.evaluate(() => {
      const huge = new File([], 'huge.pt')
      Object.defineProperty(huge, 'size', { value: 3e9 })
      const drop = new Event('drop', { bubbles: true })
      Object.defineProperty(drop, 'dataTransfer', { value: { types: ['Files'], files: [huge] } })
      document.dispatchEvent(drop)
    })
    await expect.poll(failed, patient).toMatch(/huge\.pt. was not opened.*3\.0 GB.*up to 500 MB/)
    expect(problems).toEqual([])
    await close()
  })

  it.skipIf(lacking('golden'))(
    'takes the real S0, dropped, without holding up the page; a load can be cancelled',
    {
      retry: 2,
      timeout: 120_000,
    },
    async () => {
      const { page, problems, close } = await site.open('#checkpoint')
      await page.waitForSelector('.drop')
      await page.evaluate(() => {
        const input = document.createElement('input')
        input.type = 'file'
        input.id = 'to-drop'
        input.hidden = true
        document.body.append(input)
      })
      await page.setInputFiles('#to-drop', goldenPath('mobileone_s0_unfused.pth.tar'))
      const drop = (): Promise<void> =>
        page.evaluate(() => {
          const transfer = new DataTransfer()
          transfer.items.add((document.querySelector('#to-drop') as HTMLInputElement).files![0]!)
          document.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true }))
        })
      await page.waitForTimeout(500)
      await watchLongTasks(page)
      await drop()
      await page.getByRole('button', { name: 'Cancel' }).click()
      await expect.poll(() => page.$('.opening')).toBeNull()
      expect(await page.$('#facts-title')).toBeNull()
      await drop()
      await titleIs(page, /^MobileOne S0$/)
      const facts = await page.textContent('.facts-panel')
      expect(facts).toContain("Apple's")
      expect(facts).toMatch(/Parameters5,29\d,\d{3}2,078,504/)
      await isMeasured(page)
      expect(await measured(page)).toBeLessThan(2e-5)
      await expect
        .poll(() => page.getAttribute('.stepper button:nth-of-type(4)', 'aria-disabled'), patient)
        .toBe('false')
      await page.getByRole('button', { name: 'Time the layers' }).click()
      await page.waitForSelector('.layers tbody tr', patient)
      expect(await longTasks(page)).toEqual([])
      await page.getByRole('button', { name: 'Next' }).click()
      await takeScreenshots(page, 'checkpoint-s0')
      expect(problems).toEqual([])
      await close()
    },
  )

  it('has nothing that axe objects to, with a model open', { timeout: 90_000 }, async () => {
    const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
    const { page, close } = await site.open('#checkpoint', { reducedMotion: 'reduce' })
    await takeScreenshots(page, 'checkpoint')
    await give(page, 'fashion-mnist.safetensors', await readFile(embedded))
    await isMeasured(page)
    await page.getByRole('button', { name: 'Time the layers' }).click()
    await page.waitForSelector('.layers tbody tr', patient)
    await page.getByText('All blocks, with').click()
    await page.getByRole('radio', { name: 'Core ML', exact: true }).check()
    await page.evaluate(axe)
    for (const [colorScheme, width] of [
      ['light', 1280],
      ['dark', 360],
    ] as const) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 800 })
      const found = await page.evaluate(async () => {
        const { axe } = globalThis as unknown as {
          axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> }
        }
        return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`)
      })
      expect(found, `${width} ${colorScheme}`).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
    }
    await close()
  })
})
