import { lacking } from '@mobileone/testkit'
import { describe, expect, test } from 'vitest'
import { imagenetLabels, imagenetSynsets } from '../src/imagenet.ts'
import { photographs, readJson } from './support/files.ts'

test('1000 classes in the order of ILSVRC-2012', () => {
  expect(imagenetSynsets).toHaveLength(1000)
  expect(imagenetLabels).toHaveLength(1000)
  expect(imagenetSynsets.every((synset) => /^n\d{8}$/.test(synset))).toBe(true)
  expect([...imagenetSynsets].sort()).toEqual(imagenetSynsets)
  expect([0, 207, 281, 517, 957, 999].map((index) => imagenetLabels[index])).toEqual([
    'tench',
    'golden retriever',
    'tabby',
    'crane (machine)',
    'pomegranate',
    'toilet tissue',
  ])
})

test('no label or synset occurs twice', () => {
  expect(new Set(imagenetLabels).size).toBe(1000)
  expect(new Set(imagenetSynsets).size).toBe(1000)
  expect(imagenetLabels.every((label) => label.trim() === label && label.length > 0)).toBe(true)
})

describe.skipIf(lacking('golden'))('the photographs', () => {
  test('have the synset and the label of their class', () => {
    const { images } = readJson<{ images: { file: string; label: number }[] }>(
      new URL('reference.json', photographs),
    )
    expect(images).toHaveLength(250)
    for (const { file, label } of images) {
      const name = imagenetLabels[label]!.replace(/ \(.*\)$/, '').replaceAll(' ', '_')
      expect(`${imagenetSynsets[label]}_${name}.JPEG`).toBe(file)
    }
  })
})
