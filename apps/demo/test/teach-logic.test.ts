import { zipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import { accuracySentence, adviceFor, confusionSentence } from '../src/site/views/teach/advice.ts'
import { changed, heldBytes, historyOf, undone } from '../src/site/views/teach/history.ts'
import {
  addClass,
  addExamples,
  checkName,
  emptyProject,
  examplesOf,
  isUntouched,
  limits,
  removeClass,
  removeExample,
  renameClass,
} from '../src/site/views/teach/project.ts'
import { readProject, writeProject } from '../src/site/views/teach/project-file.ts'

const picture = (size = 10): Blob => new Blob([new Uint8Array(size)], { type: 'image/png' })
const asIs = async (bytes: Uint8Array<ArrayBuffer>): Promise<Blob> => new Blob([bytes], { type: 'image/png' })

describe('a project', () => {
  const empty = emptyProject()
  const [one, two] = empty.classes.map(({ id }) => id) as [string, string]

  it('begins with two classes, and names the next as none is named', () => {
    expect(isUntouched(empty)).toBe(true)
    const renamed = renameClass(empty, two, 'Class 3')
    expect(isUntouched(renameClass(empty, two, 'Cats'))).toBe(false)
    expect(addClass(renamed).classes.map(({ name }) => name)).toEqual(['Class 1', 'Class 3', 'Class 4'])
  })

  it('takes names that are there, short and no other class’s', () => {
    expect(checkName(empty, one, '  black \n cat ')).toEqual({ name: 'black cat' })
    expect(checkName(empty, one, 'Class 1')).toEqual({ name: 'Class 1' })
    for (const bad of ['', ' \t', 'Class 2', 'x'.repeat(limits.nameLength + 1)]) {
      expect(checkName(empty, one, bad), bad).toHaveProperty('problem')
    }
  })

  it('removes a class with its examples, and an example alone', () => {
    const full = addExamples(addExamples(empty, one, [picture(), picture()]), two, [picture()])
    expect(examplesOf(removeClass(full, one), one)).toEqual([])
    expect(removeClass(full, one).examples).toHaveLength(1)
    expect(removeExample(full, full.examples[0]!.id).examples).toHaveLength(2)
  })
})

describe('history', () => {
  const empty = emptyProject()
  const [one] = empty.classes.map(({ id }) => id) as [string]

  it('takes back a recording as one step, and then what was before it', () => {
    const group = {}
    let history = historyOf(empty)
    history = changed(history, renameClass(empty, one, 'Cats'), 'renaming')
    for (let i = 0; i < 60; i++) {
      history = changed(history, addExamples(history.project, one, [picture()]), 'recording', group)
    }
    expect([history.project.examples.length, history.steps.length]).toEqual([60, 2])
    history = undone(history)
    expect([history.project.examples.length, history.project.classes[0]?.name]).toEqual([0, 'Cats'])
    expect(undone(undone(history)).project).toBe(empty)
  })

  it('counts what it could bring back, and forgets the oldest where that is too much', () => {
    const half = limits.pictureBytes / 2
    const big = { size: half } as Blob
    let history = changed(historyOf(empty), addExamples(empty, one, [big]), 'a')
    history = changed(history, removeExample(history.project, history.project.examples[0]!.id), 'b')
    expect(heldBytes(history)).toBe(half)
    history = changed(history, addExamples(history.project, one, [big]), 'c')
    expect([heldBytes(history), history.steps.length]).toEqual([2 * half, 3])
    history = changed(history, addExamples(history.project, one, [picture(1000)]), 'd')
    expect(heldBytes(history)).toBeLessThanOrEqual(limits.pictureBytes)
    expect(history.steps.map(({ what }) => what)).toEqual(['c', 'd'])
  })
})

describe('what the page says', () => {
  it('names the next thing to do', () => {
    const hint = (...counts: number[]): string =>
      adviceFor(
        counts.map((examples, index) => ({ name: 'abc'[index]!, examples })),
        undefined,
      )
    expect(hint(0, 0)).toMatch(/^Give "a" some/)
    expect(hint(9)).toMatch(/second class/)
    expect(hint(9, 9, 0)).toMatch(/^"c" has no examples/)
    expect(hint(9, 1)).toMatch(/^"b" has 1 example; /)
    expect(hint(30, 9)).toMatch(/^"a" has 30 examples and "b" 9/)
    expect(hint(20, 20)).toMatch(/not seen/)
    expect(
      adviceFor(
        [
          { name: 'a', examples: 20 },
          { name: 'b', examples: 20 },
        ],
        0.7,
      ),
    ).toMatch(/mixed up/)
  })

  it('tells what is taken for what', () => {
    const names = ['cats', 'dogs', 'owls']
    expect(confusionSentence([[3, 0], [0, 2]], names)).toBe('No example is taken for another class.') // biome-ignore format: a matrix
    const confusion = [[5, 1, 0], [3, 4, 1], [0, 0, 1]] // biome-ignore format: a matrix
    expect(confusionSentence(confusion, names)).toBe(
      '"dogs" is taken for "cats" most often: 3 of 8 examples.',
    )
    expect(accuracySentence(undefined)).toMatch(/two examples/)
  })
})

describe('a project file', () => {
  const small = emptyProject()
  const [one, two] = small.classes.map(({ id }) => id) as [string, string]
  const project = addExamples(
    addExamples(renameClass(small, one, '<b>"quoted"</b> ./..'), one, [
      new Blob([new Uint8Array([1, 2, 3])], { type: 'image/jpeg' }),
      new Blob([new Uint8Array([4])], { type: 'image/png' }),
    ]),
    two,
    [new Blob([new Uint8Array([5, 6])], { type: 'image/png' })],
  )

  const contents = async ({ classes, examples }: typeof project): Promise<unknown> =>
    Promise.all(
      classes.map(async ({ id, name }) => [
        name,
        await Promise.all(
          examples
            .filter(({ classId }) => classId === id)
            .map(async (example) => [...new Uint8Array(await example.picture.arrayBuffer())]),
        ),
      ]),
    )

  it('gives back the classes and the pictures; equal projects are equal files', async () => {
    const bytes = await writeProject(project)
    expect(await writeProject(project)).toEqual(bytes)
    expect(await contents(await readProject(bytes, asIs))).toEqual(await contents(project))
  })

  const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
  const head = { format: 'mobileone-teach', version: 1 }
  const cases: Record<string, [Record<string, Uint8Array> | Uint8Array, RegExp]> = {
    'no zip': [new Uint8Array(1000), /no whole zip/],
    empty: [new Uint8Array(0), /no whole zip/],
    'without a description': [{ 'pictures/1/1.png': new Uint8Array(1) }, /no project\.json/],
    'with text that is no JSON': [{ 'project.json': new Uint8Array([123]) }, /no JSON/],
    'of something else': [{ 'project.json': json({ format: 'x' }) }, /something else/],
    null: [{ 'project.json': json(null) }, /something else/],
    newer: [{ 'project.json': json({ ...head, version: 2 }) }, /newer/],
    'with classes that are none': [{ 'project.json': json({ ...head, classes: [{ name: 3 }] }) }, /classes/],
    'with a name that is too long': [
      { 'project.json': json({ ...head, classes: [{ name: 'x'.repeat(61), pictures: [] }] }) },
      /classes/,
    ],
    'with too many classes': [
      {
        'project.json': json({
          ...head,
          classes: Array.from({ length: 31 }, (_, i) => ({ name: `${i}`, pictures: [] })),
        }),
      },
      /at most 30/,
    ],
    'with one name twice': [
      {
        'project.json': json({
          ...head,
          classes: [
            { name: 'a', pictures: [] },
            { name: 'a', pictures: [] },
          ],
        }),
      },
      /one name/,
    ],
    'with a picture of another place': [
      { 'project.json': json({ ...head, classes: [{ name: 'a', pictures: ['../../etc/passwd'] }] }) },
      /not in it/,
    ],
    'with the name of a method': [
      { 'project.json': json({ ...head, classes: [{ name: 'a', pictures: ['constructor'] }] }) },
      /not in it/,
    ],
    'that unpacks to far more than it is': [
      { 'project.json': json({ ...head, classes: [] }), 'pictures/1/1.png': new Uint8Array(5e6) },
      /too large a file/,
    ],
    'with too many files': [
      Object.fromEntries(Array.from({ length: 2200 }, (_, i) => [`${i}`, new Uint8Array(0)])),
      /too many files/,
    ],
  }
  it.each(Object.entries(cases))('is refused: %s', async (_, [files, message]) => {
    const bytes = files instanceof Uint8Array ? files : zipSync(files)
    await expect(readProject(bytes as Uint8Array<ArrayBuffer>, asIs)).rejects.toMatchObject({
      code: 'invalid-file',
      message: expect.stringMatching(message),
    })
  })

  it('is refused when it is cut anywhere, or a byte of it differs, or is read as it was', async () => {
    const bytes = await writeProject(project)
    for (let cut = 0; cut < bytes.length; cut += 7) {
      await expect(readProject(bytes.slice(0, cut), asIs)).rejects.toMatchObject({ code: 'invalid-file' })
    }
    for (let place = 0; place < bytes.length; place += 3) {
      const changedBytes = bytes.slice()
      changedBytes[place]! ^= 0xff
      await readProject(changedBytes, asIs).catch((error) => expect(error.code).toBe('invalid-file'))
    }
  })
})
