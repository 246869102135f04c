import type { Report } from '@mobileone/measure'
import { studyNames } from '@mobileone/measure/studies'
import { describe, expect, it } from 'vitest'
import { help } from '../src/options.ts'
import { fillStudies, studyNetworks, writeStudies } from '../src/study-documents.ts'
import { options } from './parsed-options.ts'

describe('options of studies', () => {
  it('are those of minutes in Chromium, unless something else is said', () => {
    expect(options('--study', 'zoo,predictors')).toMatchObject({
      studies: ['zoo', 'predictors'],
      contenders: ['mobileone-wasm', 'ort-wasm'],
      runtimes: ['chromium'],
      threads: [1],
      protocol: { rounds: 10, starts: 2 },
    })
    expect(options('--study', 'all', '--quick')).toMatchObject({
      studies: studyNames,
      quick: true,
      protocol: { rounds: 3, starts: 1 },
    })
    expect(options('--study', 'zoo', '-c', 'tfjs-wasm', '-r', 'node', '-t', '1,2')).toMatchObject({
      contenders: ['tfjs-wasm'],
      runtimes: ['node'],
      threads: [1, 2],
    })
    expect(options('--study', 'zoo', '--gpu').contenders).toEqual(['mobileone-webgpu', 'ort-webgpu'])
    for (const name of studyNames) expect(help).toContain(name)
  })
  it('name networks of the study, or all of it', () => {
    const ids = (...args: string[]): string[] => studyNetworks(options(...args)).map(({ id }) => id)
    expect(ids('--study', 'resolution', '--networks', 's0,s0@160')).toEqual(['s0@160', 's0'])
    expect(ids('--study', 'branches', '--quick')).toEqual(['s0', 's0-k1-train', 's0-k4-train'])
    expect(() => ids('--study', 'branches', '--networks', 'resnet18')).toThrow(
      /--networks takes s0, .*no "resnet18"/,
    )
  })
})

it('a document without places is refused', () => {
  expect(fillStudies('# no place', {} as Report)).toBeUndefined()
  expect(() => writeStudies('/nowhere/study.md', {} as Report)).toThrow(/cannot read \/nowhere\/study.md/)
})
