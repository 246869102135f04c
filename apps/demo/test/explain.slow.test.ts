import { inferShapes, profile, reparameterize, validate } from '@mobileone/core'
import { lacking } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  arithmeticContenders,
  branchContenders,
  designContenders,
} from '../src/site/views/explain/contenders.ts'
import { foldStages, trainedBlock } from '../src/site/views/explain/fold-stages.ts'
import { variantFacts } from '../src/site/views/explain/variant-facts.ts'
import { longTasks, watchLongTasks } from './long-tasks.ts'
import { openSite, type Site, takeScreenshots } from './open-site.ts'

describe('a block that is folded step by step', () => {
  it.each([
    { branches: 1, depthwise: true, stride: 1 },
    { branches: 4, depthwise: true, stride: 2 },
    { branches: 5, depthwise: false, stride: 1 },
  ] as const)('ends as the one convolution that reparameterize gives: %o', async (choice) => {
    const block = trainedBlock(choice)
    const stages = await foldStages(block)
    const folded = reparameterize(block)
    const last = stages.at(-1)
    expect(last?.nodes).toBe(folded.nodes.length)
    expect(last?.params).toBe(profile(folded).params)
    expect(stages[0]?.maxAbsError).toBe(0)
    for (const { maxAbsError } of stages) expect(maxAbsError).toBeLessThan(2e-5)
    expect(new Set(stages.map(({ text }) => text)).size).toBe(stages.length)
  })
})

describe('what is timed', () => {
  it('computes what it says with nearly the same arithmetic', () => {
    for (const contenders of [branchContenders(), arithmeticContenders(), designContenders()]) {
      for (const { model } of contenders) validate(model)
    }
    const same = arithmeticContenders().map(({ model }) => profile(model))
    expect(same.map(({ macs }) => macs)).toEqual(same.map(() => 28_901_376))
    expect(same.map(({ layers }) => Math.round((layers[0]?.activationBytes ?? 0) / 1e5) / 10)).toEqual([
      0.2, 0.2, 3.2,
    ])
    const macs = designContenders().map(({ model }) => profile(model).macs)
    expect(Math.max(...macs) / Math.min(...macs)).toBeLessThan(1.01)
    const outputs = branchContenders().map(({ model }) => inferShapes(model)[model.outputs.y as string])
    for (const shape of outputs) expect(shape).toEqual(outputs[0])
  })

  it('has the counts of the paper', () => {
    const [s0] = variantFacts()
    expect([s0?.trainParams, s0?.params]).toEqual([5_293_272, 2_078_504])
    expect(Math.round((s0?.macs ?? 0) / 1e6)).toBe(275)
  })
})

describe.skipIf(lacking('chromium'))('the view', () => {
  let site: Site
  beforeAll(async () => {
    site = await openSite()
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  it('folds, measures and leaves the page free', { retry: 2 }, async () => {
    const { page, problems, close } = await site.open('#explain')
    await watchLongTasks(page)
    await page.waitForFunction(() => document.querySelector('.graph')?.textContent?.includes('batchNorm'))
    await page.getByLabel('depthwise').uncheck()
    const next = page.getByRole('button', { name: 'Next rewrite' })
    await expect.poll(() => next.isEnabled()).toBe(true)
    while (await next.isEnabled()) await next.click()
    const graph = await page.textContent('.graph')
    expect(graph?.match(/conv2d/g)).toHaveLength(1)
    expect(graph).not.toContain('batchNorm')

    for (const name of [
      'Measure branches here',
      'Measure arithmetic here',
      'Measure designs here',
      'Measure all five here',
    ]) {
      await page.getByRole('button', { name }).click()
    }
    await page.waitForFunction(
      () =>
        document.querySelectorAll('.measured .bars .value').length === 13 &&
        !/–/.test(
          document.querySelector('.explain')?.textContent?.replaceAll(/difference, measured–/g, '') ?? '–',
        ),
      null,
      { timeout: 120_000 },
    )
    const ratios = await page.$$eval('.measured .bars .value', (values) =>
      values.map(({ textContent }) => Number(/([\d.]+)×/.exec(textContent ?? '')?.[1])),
    )
    console.log('ratios to the first:', ratios.join(' '))
    expect(ratios[4]).toBeGreaterThan(1.2)
    expect(ratios[7]).toBeGreaterThan(1.2)
    expect(problems).toEqual([])
    expect(await longTasks(page)).toEqual([])
    await takeScreenshots(page, 'explain')

    await page.click('nav a[href="#classify"]')
    await expect.poll(() => page.workers().length).toBeLessThanOrEqual(1)
    await close()
  })
})
