import { expect, test } from 'vitest'
import { toSwift } from '../src/index.ts'
import { tinyModel } from './support/models.ts'

test('a classifier comes with Vision, its crop and both protocols', () => {
  const swift = toSwift(tinyModel())
  expect(swift).toContain('let resource = "tiny"')
  expect(swift).toContain('let inputWidth = 37\nlet inputHeight = 45\nlet shorterSide = 64')
  expect(swift).toContain('imageCropAndScaleOption = .centerCrop')
  expect(swift).toContain('runs: Int = 1_000')
  expect(swift).toContain('rounds: Int = 20, runs: Int = 50')
})

test('an array model has no images to classify, and is timed all the same', () => {
  const swift = toSwift(tinyModel(), { input: 'array', output: 'values' })
  expect(swift).not.toContain('VNCoreMLRequest')
  expect(swift).toContain('func paperLatency')
})

test('names of models cannot end a comment or a literal', () => {
  const swift = toSwift({ ...tinyModel(), name: 'a"\nfunc evil() {}\\' })
  expect(swift.split('\n').filter((line) => line.startsWith('func evil'))).toEqual([])
  expect(swift).toContain('let resource = "a_func_evil_"')
})
