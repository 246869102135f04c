import { initialize, mobileone, profile, reparameterize, variants } from '@mobileone/core'
import { NetworkBuilder } from '@mobileone/core/network-builder'
import { goldenPath, lacking } from '@mobileone/testkit'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findBlocks } from '../src/site/views/checkpoint/find-blocks.ts'
import { openSite, type Site, takeScreenshots } from './open-site.ts'

const patient = { timeout: 60_000 }

describe('the blocks of a network', () => {
  it('have the branches of the paper in S0', () => {
    const [trained, folded] = (['train', 'deploy'] as const).map((form) => mobileone(variants.s0, { form }))
    const blocks = findBlocks(trained!, folded!)
    expect(blocks).toHaveLength(43)
    const [stem, first, second] = blocks
    expect(stem?.branches.map(({ kind }) => kind).sort()).toEqual(['conv', 'scale'])
    expect(first).toMatchObject({ kind: 'depthwise', stride: [2, 2], kernel: [3, 3] })
    expect(first?.branches.map(({ kind }) => kind)).toEqual(['scale', 'conv', 'conv', 'conv', 'conv'])
    expect(second?.branches.map(({ kind }) => kind)).toEqual(['skip', 'conv', 'conv', 'conv', 'conv'])
    const [before, after] = [0, 1].map((form) => blocks.reduce((all, { params }) => all + params[form]!, 0))
    const linear = 1024 * 1000 + 1000
    expect([before! + linear, after! + linear]).toEqual([profile(trained!).params, profile(folded!).params])
  })

  it('are single ones where nothing is parallel', () => {
    const net = new NetworkBuilder({ name: 'plain', inputs: { x: [1, 3, 8, 8] } })
    const model = initialize(net.build({ y: net.conv('c', 'x', { channels: 4, kernel: 3 }) }), { seed: 1 })
    const [block] = findBlocks(model, reparameterize(model))
    expect(block).toMatchObject({ kind: 'dense', nodes: [1, 1], branches: [{ kind: 'conv' }] })
  })
})

describe.skipIf(lacking('chromium'))('the view', () => {
  let site: Site
  beforeAll(async () => {
    site = await openSite()
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  /** As dropped on the page by a person. */
  const drop = async (page: Page, path: string): Promise<void> => {
    await page.evaluate(() => {
      const input = document.createElement('input')
      input.type = 'file'
      input.id = 'to-drop'
      input.hidden = true
      document.body.append(input)
    })
    await page.setInputFiles('#to-drop', path)
    await page.evaluate(() => {
      const transfer = new DataTransfer()
      transfer.items.add((document.querySelector('#to-drop') as HTMLInputElement).files![0]!)
      document.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true }))
    })
  }

  it('folds the checkpoint of the page, says how far the forms differ, profiles, saves and uses it', async () => {
    const { page, problems, close } = await site.open('#checkpoint')
    await page.getByRole('button', { name: 'take the one of this page' }).click()
    await page.getByRole('heading', { name: 'Watch it fold' }).waitFor(patient)
    await expect
      .poll(() => page.textContent('.error-figure strong').catch(() => ''), patient)
      .toMatch(/e-[5-9]/)
    await page.getByRole('button', { name: 'Next' }).click()
    await page.waitForSelector('.diagram.folded')
    await page.getByLabel('Blocks folded').press('End')
    await expect.poll(() => page.textContent('.fold .figures')).toMatch(/blocks folded(\d+) of \1/)
    await page.getByRole('button', { name: 'Profile it' }).click()
    await page.waitForSelector('.layers tbody tr', patient)

    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save it' }).click()
    const file = await download
    expect(file.suggestedFilename()).toMatch(/\.safetensors$/)
    await takeScreenshots(page, 'checkpoint')
    await page.getByRole('button', { name: 'Use this model' }).click()
    await page.getByText('It is the model of').waitFor(patient)
    expect(problems).toEqual([])
    await close()
  })

  it('says what is wrong with a file that is none', async () => {
    const { page, close } = await site.open('#checkpoint')
    await page.setInputFiles('.drop input[type=file]', {
      name: 'page.pt',
      mimeType: 'text/html',
      buffer: Buffer.from('<!doctype html><p>log in'),
    })
    await expect
      .poll(() => page.textContent('.notice.error').catch(() => ''), patient)
      .toMatch(/page\.pt cannot be opened.*HTML/)
    await close()
  })

  it.skipIf(lacking('golden'))('folds the real S0, dropped as a PyTorch file', async () => {
    const { page, close } = await site.open('#checkpoint')
    await drop(page, goldenPath('mobileone_s0_unfused.pth.tar'))
    await page.getByRole('heading', { name: 'Watch it fold' }).waitFor(patient)
    await expect
      .poll(() => page.textContent('.error-figure strong').catch(() => ''), patient)
      .toMatch(/e-[5-9]/)
    expect(await page.textContent('.checkpoint table')).toMatch(/parameters5\.29 M2\.08 M/)
    await takeScreenshots(page, 'checkpoint-s0')
    await close()
  })
})
